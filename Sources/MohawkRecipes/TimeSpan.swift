/// A length of time as people write it.
public struct TimeSpan: Sendable, Equatable {
  /// Its seconds, above 0.
  public let seconds: Double

  /// Reads numbers with units, the largest first, such as `90m`, `1h30m`, `1.5h` or `2d`; nil for anything else.
  public init?(_ text: String) {
    let units: [(name: Character, seconds: Double)] = [("d", 86_400), ("h", 3_600), ("m", 60), ("s", 1)]
    var (rest, next, total) = (Substring(text), 0, 0.0)
    while !rest.isEmpty {
      let digits = rest.prefix { $0.isASCII && ($0.isNumber || $0 == ".") }
      rest = rest.dropFirst(digits.count)
      guard let number = Double(digits), let unit = rest.popFirst(),
        let place = units[next...].firstIndex(where: { $0.name == unit })
      else { return nil }
      total += number * units[place].seconds
      next = place + 1
    }
    guard total > 0, total.isFinite else { return nil }
    seconds = total
  }
}
