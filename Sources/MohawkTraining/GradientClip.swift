/// Clipping by the norm of all gradients together (Pascanu, Mikolov and Bengio 2013).
public enum GradientClip {
  /// What to multiply gradients of this norm by, so that their norm does not exceed `limit`; their direction stays.
  ///
  /// Gradients whose norm is not finite get 1: the caller must not use them.
  /// - Parameters:
  ///   - norm: of all gradients of a step, as by `TensorList.norm`.
  ///   - limit: the largest norm; 0 means no clipping.
  public static func scale(norm: Double, limit: Double) -> Double {
    limit > 0 && norm.isFinite && norm > limit ? limit / norm : 1
  }
}
