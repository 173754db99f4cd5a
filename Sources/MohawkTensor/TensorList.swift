import CMohawkTorch

/// What an optimiser does to many tensors in one call.
public enum TensorList {
  /// The Euclidean norm of all elements of all tensors.
  public static func norm(_ tensors: [Tensor], file: StaticString = #fileID, line: UInt = #line) -> Double {
    var result = 0.0
    let error = Tensor.withHandles(tensors) { mhk_total_norm($0, $1, &result) }
    if let error { trap("norm", tensors, error, file, line) }
    return result
  }

  /// Multiplies every tensor in place.
  public static func scale(
    _ tensors: [Tensor], by factor: Double, file: StaticString = #fileID, line: UInt = #line
  ) {
    let error = Tensor.withHandles(tensors) { mhk_scale_all_($0, $1, factor) }
    if let error { trap("scale", tensors, error, file, line) }
  }

  /// One step of AdamW (Loshchilov and Hutter 2019) on every parameter, in place.
  /// - Parameters:
  ///   - parameters: what moves, all of one type and device.
  ///   - gradients: one per parameter.
  ///   - first: the running means of the gradients, updated in place.
  ///   - second: the running means of their squares, updated in place.
  ///   - step: the number of this step, from 1, for the bias correction.
  ///   - learningRate: how far this step goes.
  ///   - beta1: the decay of `first`.
  ///   - beta2: the decay of `second`.
  ///   - weightDecay: decoupled from the gradients.
  ///   - epsilon: added to the root of `second`.
  ///   - file: the caller, for a trap.
  ///   - line: the caller, for a trap.
  public static func adamW(
    parameters: [Tensor], gradients: [Tensor], first: [Tensor], second: [Tensor], step: Int, learningRate: Double,
    beta1: Double, beta2: Double, weightDecay: Double, epsilon: Double,
    file: StaticString = #fileID, line: UInt = #line
  ) {
    precondition(
      parameters.count == gradients.count && parameters.count == first.count && parameters.count == second.count,
      "lists of different length", file: file, line: line)
    let error = Tensor.withHandles(parameters) { p, count in
      Tensor.withHandles(gradients) { g, _ in
        Tensor.withHandles(first) { m, _ in
          Tensor.withHandles(second) { v, _ in
            mhk_fused_adamw_(
              p, g, m, v, count, Int64(step), learningRate, beta1, beta2, weightDecay, epsilon)
          }
        }
      }
    }
    if let error { trap("adamW", parameters, error, file, line) }
  }
}
