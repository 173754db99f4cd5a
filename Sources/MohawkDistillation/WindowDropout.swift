import MohawkMixers
import MohawkModels
import MohawkTensor

/// Which training sequences a student sees without its window, so that its recurrent part learns to do without.
///
/// A sequence's lot depends on the seed and its ids alone: a run that goes on after a stop draws the same ones.
struct WindowDropout {
  /// Of the run.
  let seed: UInt64
  /// Share of the sequences that are without window, 0 to 1.
  let share: Double

  /// The setting for a batch of sequences, int64 [rows, length].
  func setting(for tokens: Tensor) -> WindowSwitch.Setting {
    if share <= 0 { return .on }
    return .offFor((0..<tokens.size(0)).map { isOff(tokens.selected(0, $0).integers()) })
  }

  /// Whether the sequence of these ids is without window.
  func isOff(_ ids: [Int]) -> Bool {
    var hash = Self.mixed(seed)
    for id in ids { hash = Self.mixed(hash ^ UInt64(truncatingIfNeeded: id)) }
    // 53 bits as a number from 0 to below 1.
    return Double(hash >> 11) * 0x1p-53 < share
  }

  /// One step of SplitMix64 (Steele et al. 2014).
  private static func mixed(_ value: UInt64) -> UInt64 {
    var z = value &+ 0x9E37_79B9_7F4A_7C15
    z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
    return z ^ (z >> 31)
  }
}

extension LanguageModel {
  /// Runs `body` with the windows off that are dropped for a batch of sequences, int64 [rows, length].
  func dropping<Result>(_ dropout: WindowDropout, for tokens: Tensor, _ body: () throws -> Result) rethrows -> Result {
    guard let windowSwitch, dropout.share > 0 else { return try body() }
    return try windowSwitch.with(dropout.setting(for: tokens), body)
  }
}
