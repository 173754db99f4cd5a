import CMohawkTorch

extension Tensor {
  /// This times SiLU(gate) at unit mean square within each group of neighbouring channels, then scaled, in one visit of
  /// every row; for tensors that `Kernel.gatedNorm` takes. No gradients are recorded.
  /// - Parameters:
  ///   - gate: of the same shape and type, [.., width].
  ///   - weight: [width].
  ///   - groups: how many groups of channels are normalised on their own.
  ///   - epsilon: added to the mean square before the root.
  ///   - dtype: of the result; by default that of the weight.
  ///   - file: where a mistake is reported.
  ///   - line: where a mistake is reported.
  package func gatedRMSNorm(
    gate: Tensor, _ weight: Tensor, groups: Int, epsilon: Double, as dtype: DType? = nil,
    file: StaticString = #fileID, line: UInt = #line
  ) -> Tensor {
    Tensor.make("gatedRMSNorm", self, gate, weight, file: file, line: line) {
      mhk_gated_norm(
        handle, gate.handle, weight.handle, Int64(groups), epsilon, (dtype ?? weight.dtype).rawValue, $0)
    }
  }
}

/// Whether operations on this thread are recorded in a gradient graph.
package var gradientsAreRecorded: Bool { mhk_grad_enabled() }
