import Foundation

/// What a state-space head starts as in place of an attention head: a decay and five numbers.
///
/// The head's matrix is (α + β q·k/√d + γ q·k̄/√d + κ q̄·k/√d) aⁱ⁻ʲ below and on the diagonal, with δ added on it; q̄ and k̄
/// are the head's mean query and mean key.
public struct HeadFit: Sendable, Equatable {
  /// a: what is left of a token after one step, between 0 and 1.
  public var decay: Double
  /// α: the weight of every token whatever it says.
  public var uniform: Double
  /// β: the weight of the scores q·k/√d.
  public var content: Double
  /// δ: the weight of the token itself.
  public var skip: Double
  /// γ: the weight of a query's score with the mean key. Softmax ignores what all keys have in common; with γ = −β so
  /// does this.
  public var meanKey = 0.0
  /// κ: the weight of the mean query's score with a key.
  public var meanQuery = 0.0
  /// ‖fitted context − context‖ / ‖context‖ on the calibration text; a head that puts out nothing has 1.
  public var error: Double

  /// Tokens after which half of a token is left.
  public var halfLife: Double { decay <= 0 ? 0 : decay >= 1 ? .infinity : -1 / log2(decay) }
}
