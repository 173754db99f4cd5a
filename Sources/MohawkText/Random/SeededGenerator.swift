/// A reproducible random generator: SplitMix64 (Steele, Lea and Flood 2014).
///
/// Its state is a counter, so the `n`-th number is a pure function of the seed and `n`: skipping ahead costs nothing,
/// and a saved generator is two numbers. The same seed gives the same numbers on every platform.
/// Not for cryptography.
public struct SeededGenerator: RandomNumberGenerator, Sendable, Codable, Hashable {
  /// The seed that the sequence started from.
  public let seed: UInt64
  /// How many numbers have been drawn.
  public private(set) var drawn: UInt64

  /// A generator that has drawn `drawn` numbers already.
  public init(seed: UInt64, drawn: UInt64 = 0) {
    self.seed = seed
    self.drawn = drawn
  }

  /// An independent generator for one purpose: `stream` numbers the epoch, story or worker.
  public init(seed: UInt64, stream: UInt64) {
    self.init(seed: Self.mix(Self.mix(seed &+ Self.step) ^ (stream &* 0xD1B5_4A32_D192_ED03)))
  }

  public mutating func next() -> UInt64 {
    drawn &+= 1
    return Self.mix(seed &+ drawn &* Self.step)
  }

  /// An integer in `0..<bound`.
  ///
  /// Unlike the standard library's `Int.random(in:using:)`, whose method may change, this stays the same for good.
  public mutating func next(below bound: Int) -> Int {
    precondition(bound > 0, "next(below:) needs a positive bound, got \(bound)")
    let limit = UInt64(bound)
    // Multiply-and-shift with rejection of the uneven rest (Lemire 2019).
    let threshold = (0 &- limit) % limit
    while true {
      let product = next().multipliedFullWidth(by: limit)
      if product.low >= threshold { return Int(product.high) }
    }
  }

  /// A number in `0..<1` with 53 random bits.
  public mutating func nextUnit() -> Double {
    Double(next() >> 11) * 0x1p-53
  }

  static let step: UInt64 = 0x9E37_79B9_7F4A_7C15

  /// SplitMix64's bijective finaliser.
  @inline(__always) static func mix(_ value: UInt64) -> UInt64 {
    var z = value
    z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
    return z ^ (z >> 31)
  }
}
