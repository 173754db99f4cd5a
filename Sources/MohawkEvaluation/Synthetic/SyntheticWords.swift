import MohawkFiles
import MohawkText

/// Words that made-up tasks are written with.
enum SyntheticWords {
  static let first = """
    Anna Boris Carla David Elena Felix Greta Henry Irene Jacob Karen Louis Maria Nolan Olga Peter Quinn Rosa Simon \
    Tanya Ulric Vera Walter Xenia Yusuf Zelda Alan Bella Cyrus Diana
    """.split(separator: " ").map(String.init)
  static let last = """
    Adams Baker Clark Dixon Evans Foster Green Hughes Irwin Jones Keller Lewis Mason Nelson Owens Parker Quigley Reed \
    Stone Turner Underwood Vance Walker Xavier Young Zimmer Archer Brook Carver Dalton
    """.split(separator: " ").map(String.init)
  static let things = """
    apple arrow basket bell boat bottle bridge button candle carpet castle chair cloud coat coin corner cup door \
    feather fence field finger flag flower forest garden gate glass hammer hat hill horse house island jacket key \
    kitchen ladder lake lamp leaf letter lion map market mirror moon mountain needle ocean orange paper pencil piano \
    pillow pocket potato prince queen rain ribbon ring river road roof rope salt sand school ship shoe silver snow \
    spoon star stone street sugar table tail tiger tower train tree umbrella valley village wagon wall water wheel \
    window winter wolf wood yard
    """.split(separator: " ").map(String.init)

  /// Different full names.
  static func names(_ count: Int, _ generator: inout SeededGenerator) throws -> [String] {
    let most = first.count * last.count
    guard count <= most else {
      throw MohawkError(
        .outOfRange, "a phone book of \(count) entries, there are \(most) names", remedy: "choose a smaller size")
    }
    return distinctPlaces(count, of: most, &generator).map { "\(first[$0 % first.count]) \(last[$0 / first.count])" }
  }
}
