import MohawkTensor

/// Clipping by the norm of all gradients together (Pascanu, Mikolov and Bengio 2013).
public enum GradientClip {
  /// Scales the gradients down in place when their norm exceeds `limit`; their direction stays.
  ///
  /// Gradients whose norm is not finite are left alone: the caller must not use them.
  /// - Parameters:
  ///   - gradients: all gradients of a step.
  ///   - limit: the largest norm; 0 means no clipping.
  /// - Returns: the norm before clipping.
  public static func clip(_ gradients: [Tensor], to limit: Double) -> Double {
    let norm = TensorList.norm(gradients)
    if limit > 0, norm.isFinite, norm > limit { TensorList.scale(gradients, by: limit / norm) }
    return norm
  }
}
