import CMohawkTorch

/// What an optimiser does to many tensors in one call.
public enum TensorList {
  /// The Euclidean norm of all elements of all tensors, summed in fp64 in an order that does not depend on the number
  /// of threads.
  public static func norm(_ tensors: [Tensor], file: StaticString = #fileID, line: UInt = #line) -> Double {
    var result = 0.0
    let error = Tensor.withHandles(tensors) { mhk_total_norm($0, $1, &result) }
    if let error { trap("norm", tensors, error, file, line) }
    return result
  }

  /// One step of AdamW (Loshchilov and Hutter 2019) on every parameter, in place and in one pass over all of them.
  /// - Parameters:
  ///   - parameters: what moves.
  ///   - gradients: one per parameter; they stay as they are.
  ///   - first: the running means of the gradients, updated in place.
  ///   - second: the running means of their squares, updated in place.
  ///   - weightDecay: one number per parameter, decoupled from the gradients.
  ///   - step: the number of this step, from 1, for the bias correction.
  ///   - learningRate: how far this step goes.
  ///   - beta1: the decay of `first`.
  ///   - beta2: the decay of `second`.
  ///   - epsilon: added to the root of `second`.
  ///   - gradientScale: multiplies every gradient before it is used.
  ///   - file: the caller, for a trap.
  ///   - line: the caller, for a trap.
  public static func adamW(
    parameters: [Tensor], gradients: [Tensor], first: [Tensor], second: [Tensor], weightDecay: [Double], step: Int,
    learningRate: Double, beta1: Double, beta2: Double, epsilon: Double, gradientScale: Double = 1,
    file: StaticString = #fileID, line: UInt = #line
  ) {
    let count = parameters.count
    precondition(
      [gradients.count, first.count, second.count, weightDecay.count].allSatisfy { $0 == count },
      "lists of different length", file: file, line: line)
    let settings = mhk_adamw(
      step: Int64(step), learning_rate: learningRate, beta1: beta1, beta2: beta2, epsilon: epsilon,
      gradient_scale: gradientScale)
    let error = Tensor.withHandles(parameters) { p, count in
      Tensor.withHandles(gradients) { g, _ in
        Tensor.withHandles(first) { m, _ in
          Tensor.withHandles(second) { v, _ in mhk_adamw_(p, g, m, v, weightDecay + [0], count, settings) }
        }
      }
    }
    if let error { trap("adamW", parameters, error, file, line) }
  }
}
