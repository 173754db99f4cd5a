import CMohawkTorch

// Operations of neural networks that libtorch computes in one go.
extension Tensor {
  /// x · weightᵀ + bias over the last dimension; weight is [out, in], bias [out].
  public func linear(
    _ weight: Tensor, _ bias: Tensor? = nil, file: StaticString = #fileID, line: UInt = #line
  ) -> Tensor {
    Tensor.make("linear", self, weight, bias ?? self, file: file, line: line) {
      mhk_linear(handle, weight.handle, bias?.handle ?? mhk_tensor(), $0)
    }
  }

  /// The rows of this [rows, width] matrix named by integer ids of any shape.
  public func embedding(_ ids: Tensor, file: StaticString = #fileID, line: UInt = #line) -> Tensor {
    binary("embedding", ids, mhk_embedding, file, line)
  }

  /// A convolution of every channel with its own taps, without padding: [batch, channels, length] with
  /// weight [channels, 1, width].
  public func depthwiseConvolution(
    _ weight: Tensor, _ bias: Tensor? = nil, file: StaticString = #fileID, line: UInt = #line
  ) -> Tensor {
    Tensor.make("depthwiseConvolution", self, weight, bias ?? self, file: file, line: line) {
      mhk_depthwise_conv1d(handle, weight.handle, bias?.handle ?? mhk_tensor(), $0)
    }
  }

  /// softmax(scale · self · keysᵀ) · values for [batch, heads, length, headDim], never storing the matrix.
  public func attention(
    keys: Tensor, values: Tensor, causal: Bool, scale: Double, file: StaticString = #fileID, line: UInt = #line
  ) -> Tensor {
    Tensor.make("attention", self, keys, values, file: file, line: line) {
      mhk_attention(handle, keys.handle, values.handle, causal, scale, $0)
    }
  }

  /// Mean of −log softmax(self)[target] for logits [rows, classes] and integer targets [rows].
  public func crossEntropy(_ targets: Tensor, file: StaticString = #fileID, line: UInt = #line) -> Tensor {
    binary("crossEntropy", targets, mhk_cross_entropy, file, line)
  }
}
