import Foundation

/// How rotary wave lengths are stretched so that a model looks at longer texts than it was trained on.
public enum RotaryScaling: Sendable, Equatable {
  /// Not at all.
  case none
  /// Every position divided by the factor (Chen et al. 2023).
  case linear(factor: Double)
  /// Llama 3.1: long waves are stretched by the factor, short ones stay, those between are blended.
  /// - Parameters:
  ///   - low: waves longer than `originalLength / low` are stretched in full.
  ///   - high: waves shorter than `originalLength / high` stay.
  case llama3(factor: Double, low: Double, high: Double, originalLength: Double)
  /// The wave of each pair of dimensions stretched by a factor of its own, as GGUF files have them in a table.
  case factors([Double])

  /// The frequency that a frequency becomes; both in radians per position.
  /// - Parameters:
  ///   - frequency: before it is stretched.
  ///   - pair: the number of the pair of dimensions that turns by it.
  public func frequency(_ frequency: Double, of pair: Int) -> Double {
    switch self {
    case .none: return frequency
    case .factors(let factors): return frequency / factors[pair]
    case .linear(let factor): return frequency / factor
    case .llama3(let factor, let low, let high, let originalLength):
      let waves = originalLength * frequency / (2 * Double.pi)
      if waves < low { return frequency / factor }
      if waves > high { return frequency }
      let share = (waves - low) / (high - low)
      return (1 - share) * frequency / factor + share * frequency
    }
  }
}
