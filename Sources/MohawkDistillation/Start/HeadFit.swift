import Foundation

/// What a state-space head starts as in place of an attention head: a decay and three numbers.
///
/// The head's matrix is (α + β q·k/√d) aⁱ⁻ʲ below and on the diagonal, with δ added on it.
public struct HeadFit: Sendable, Equatable {
  /// a: what is left of a token after one step, between 0 and 1.
  public var decay: Double
  /// α: the weight of every token whatever it says.
  public var uniform: Double
  /// β: the weight of the scores q·k/√d.
  public var content: Double
  /// δ: the weight of the token itself.
  public var skip: Double
  /// ‖fitted context − context‖ / ‖context‖ on the calibration text; a head that puts out nothing has 1.
  public var error: Double

  /// Tokens after which half of a token is left.
  public var halfLife: Double { decay <= 0 ? 0 : decay >= 1 ? .infinity : -1 / log2(decay) }
}
