/// Collects text and holds back what may be the beginning of a stop string.
///
/// Compares Unicode scalars and not characters, so that the stop string "\n" is found in "\r\n", and a piece that ends
/// inside a character changes nothing.
struct StopAwareText {
  private let stops: [[Unicode.Scalar]]
  private var held: [Unicode.Scalar] = []
  private(set) var text = ""
  private(set) var hasStopped = false

  init(stops: [String]) { self.stops = stops.filter { !$0.isEmpty }.map { Array($0.unicodeScalars) } }

  /// The text that is safe to show now, and whether a stop string was completed.
  mutating func append(_ piece: String) -> (String, stopped: Bool) {
    held += piece.unicodeScalars
    if let end = firstStop() {
      hasStopped = true
      return (release(end), true)
    }
    return (release(held.count - longestPossibleStart()), false)
  }

  /// Everything held back, after the last piece.
  mutating func finish(_ piece: String) -> String {
    held += piece.unicodeScalars
    if let end = firstStop() {
      hasStopped = true
      return release(end)
    }
    return release(held.count)
  }

  private mutating func release(_ count: Int) -> String {
    var shown = ""
    shown.unicodeScalars.append(contentsOf: held.prefix(count))
    held.removeFirst(count)
    text += shown
    return shown
  }

  /// Where the first stop string begins.
  private func firstStop() -> Int? {
    held.indices.first { start in stops.contains { held[start...].starts(with: $0) } }
  }

  /// How many scalars at the end could be the beginning of a stop string.
  private func longestPossibleStart() -> Int {
    let longest = (stops.map(\.count).max() ?? 1) - 1
    return (0...min(longest, held.count)).reversed().first { length in
      length > 0 && stops.contains { $0.starts(with: held.suffix(length)) }
    } ?? 0
  }
}
