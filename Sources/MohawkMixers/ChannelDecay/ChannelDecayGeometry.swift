/// The geometry of a mixer of queries, keys and values whose state forgets in each channel at a rate of its own, which is
/// projected from the token through a few numbers.
public protocol ChannelDecayGeometry: KeyValueGeometry {
  /// Width through which decays are projected.
  var gateRank: Int { get }
  /// What the logarithms of decays are divided by: the larger, the longer a fresh mixer remembers.
  var gateDivisor: Double { get }
}

extension ChannelDecayGeometry {
  /// What is wrong with the divisor, as a sentence.
  var unsupportedDivisor: String? {
    (1...1e6).contains(gateDivisor) ? nil : "a divisor of \(gateDivisor) is not from 1 to a million"
  }
}
