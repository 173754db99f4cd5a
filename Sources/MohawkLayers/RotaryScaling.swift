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
  /// YaRN (Peng et al. 2023).
  case yarn(Yarn)
  /// LongRoPE (Ding et al. 2024): a factor for each pair of dimensions, other ones for texts beyond `originalLength`. Only
  /// shorter texts are looked at where the two differ. Cosines and sines are multiplied by `magnitude`.
  case longrope(short: [Double], long: [Double], originalLength: Int, magnitude: Double)
  /// Stretched for texts beyond the model's longest one only, at which no model looks here.
  case dynamic(factor: Double)
  /// The wave of each pair of dimensions stretched by a factor of its own, as GGUF files have them in a table.
  case factors([Double])

  /// What YaRN is told by.
  public struct Yarn: Sendable, Equatable {
    /// How much the longest waves are stretched.
    public var factor: Double
    /// Tokens that the model was trained on.
    public var originalLength: Double
    /// Waves that turn more often than this within the original length stay.
    public var fast = 32.0
    /// Waves that turn less often are stretched in full.
    public var slow = 1.0
    /// Whether the borders between are rounded to whole pairs.
    public var isTruncated = true
    /// What cosines and sines are multiplied by.
    public var magnitude: Double

    /// - Parameters:
    ///   - factor: how much the longest waves are stretched.
    ///   - originalLength: tokens that the model was trained on.
    ///   - magnitude: of cosines and sines; nil for that of the paper.
    public init(factor: Double, originalLength: Double, magnitude: Double? = nil) {
      self.factor = factor
      self.originalLength = originalLength
      self.magnitude = magnitude ?? Self.magnitude(factor)
    }

    /// The magnitude of the paper.
    public static func magnitude(_ factor: Double, _ scale: Double = 1) -> Double {
      factor <= 1 ? 1 : 0.1 * scale * log(factor) + 1
    }

    func frequency(_ frequency: Double, of pair: Int, dimensions: Int, base: Double) -> Double {
      func border(_ turns: Double) -> Double {
        Double(dimensions) * log(originalLength / (turns * 2 * .pi)) / (2 * log(base))
      }
      var (low, high) = (border(fast), border(slow))
      if isTruncated { (low, high) = (low.rounded(.down), high.rounded(.up)) }
      (low, high) = (max(low, 0), min(high, Double(dimensions - 1)))
      if low == high { high += 0.001 }
      let stretched = min(max((Double(pair) - low) / (high - low), 0), 1)
      return frequency / factor * stretched + frequency * (1 - stretched)
    }
  }

  /// Radians per position of each pair of dimensions.
  /// - Parameters:
  ///   - dimensions: how many of a head's dimensions are rotated; even.
  ///   - base: the wave length of the slowest pair grows with it.
  public func frequencies(dimensions: Int, base: Double) -> [Double] {
    (0..<dimensions / 2).map { pair in
      let plain = pow(base, -Double(2 * pair) / Double(dimensions))
      switch self {
      case .none, .dynamic: return plain
      case .factors(let factors), .longrope(let factors, _, _, _): return plain / factors[pair]
      case .linear(let factor): return plain / factor
      case .yarn(let yarn): return yarn.frequency(plain, of: pair, dimensions: dimensions, base: base)
      case .llama3(let factor, let low, let high, let originalLength):
        let waves = originalLength * plain / (2 * Double.pi)
        if waves < low { return plain / factor }
        if waves > high { return plain }
        let share = (waves - low) / (high - low)
        return (1 - share) * plain / factor + share * plain
      }
    }
  }

  /// What cosines and sines are multiplied by, so that attention stays as sharp over longer texts.
  public var magnitude: Double {
    switch self {
    case .yarn(let yarn): yarn.magnitude
    case .longrope(_, _, _, let magnitude): magnitude
    default: 1
    }
  }

  /// Tokens that can be looked at with these wave lengths; nil where there is no such bound.
  public var longest: Int? {
    if case .longrope(let short, let long, let length, _) = self, short != long { length } else { nil }
  }
}
