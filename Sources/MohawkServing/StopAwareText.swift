/// Collects text and holds back what may be the beginning of a stop string. A piece costs the same whatever is held.
///
/// Compares Unicode scalars and not characters, so that the stop string "\n" is found in "\r\n", and a piece that ends
/// inside a character changes nothing.
struct StopAwareText {
  private var stops: [StopString]
  private var held: [Unicode.Scalar] = []
  private(set) var text = ""
  private(set) var hasStopped = false

  init(stops: [String]) { self.stops = stops.filter { !$0.isEmpty }.map { StopString($0) } }

  /// The text that is safe to show now, and whether a stop string was completed.
  mutating func append(_ piece: String) -> (String, stopped: Bool) {
    if let end = hold(piece) {
      hasStopped = true
      return (release(end), true)
    }
    return (release(held.count - (stops.map(\.matched).max() ?? 0)), false)
  }

  /// Everything held back, after the last piece.
  mutating func finish(_ piece: String) -> String {
    let end = hold(piece)
    if end != nil { hasStopped = true }
    return release(end ?? held.count)
  }

  /// Takes more text; tells where the first of the stop strings begins that are complete with it.
  private mutating func hold(_ piece: String) -> Int? {
    var first: Int?
    for scalar in piece.unicodeScalars {
      held.append(scalar)
      for index in stops.indices where stops[index].isComplete(with: scalar) {
        let begin = held.count - stops[index].count
        first = min(first ?? begin, begin)
      }
    }
    return first
  }

  private mutating func release(_ count: Int) -> String {
    var shown = ""
    shown.unicodeScalars.append(contentsOf: held.prefix(count))
    held.removeFirst(count)
    text += shown
    return shown
  }
}

/// Looks for one string in a text that comes scalar by scalar (Knuth, Morris and Pratt 1977).
private struct StopString {
  private let scalars: [Unicode.Scalar]
  /// For each beginning of the string, how long its longest proper beginning is that is also its end.
  private let borders: [Int]
  /// How many of the string's first scalars the text ends with.
  private(set) var matched = 0

  var count: Int { scalars.count }

  /// - Parameter string: not empty.
  init(_ string: String) {
    let scalars = Array(string.unicodeScalars)
    var borders = [0]
    for scalar in scalars.dropFirst() {
      var length = borders.last!
      while length > 0, scalars[length] != scalar { length = borders[length - 1] }
      borders.append(scalars[length] == scalar ? length + 1 : 0)
    }
    (self.scalars, self.borders) = (scalars, borders)
  }

  /// Takes the text's next scalar; whether the text now ends with the string.
  mutating func isComplete(with scalar: Unicode.Scalar) -> Bool {
    while matched > 0, matched == count || scalars[matched] != scalar { matched = borders[matched - 1] }
    if scalars[matched] == scalar { matched += 1 }
    return matched == count
  }
}
