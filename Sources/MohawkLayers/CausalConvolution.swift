import MohawkTensor

/// A depth-wise causal convolution over time: every channel is filtered by its own taps, the last of which meets the
/// current token.
public struct CausalConvolution {
  /// [channels, 1, width]
  public let weight: Tensor
  /// [channels]; nil without.
  public let bias: Tensor?
  /// Whether SiLU follows.
  public let silu: Bool

  /// Taps per channel: how many tokens an output sees.
  public var width: Int { weight.size(2) }

  /// Asks for `weight` and `bias`; fresh ones pass the input through unchanged, to SiLU if that follows.
  /// - Parameters:
  ///   - channels: how many sequences there are, each with its own taps.
  ///   - width: taps per channel.
  ///   - bias: whether a number is added to each channel.
  ///   - silu: whether SiLU follows.
  ///   - scope: where the parameters get their names.
  public init(_ channels: Int, width: Int, bias: Bool = true, silu: Bool = false, _ scope: ParameterScope) {
    weight = scope.parameter("weight", [channels, 1, width], .identityTaps)
    self.bias = bias ? scope.parameter("bias", [channels], .zeros) : nil
    self.silu = silu
  }

  /// Filters [batch, length, channels] in the type of the weights; the result is in the type of `x`.
  /// - Parameters:
  ///   - x: [batch, length, channels].
  ///   - past: the `width - 1` inputs before, [batch, width - 1, channels]; zeros when nil.
  public func callAsFunction(_ x: Tensor, past: Tensor? = nil) -> Tensor {
    Kernel.causalConvolution.takes(x)
      ? x.causalConvolution(weight, bias, past: past, silu: silu) : plain(x, past: past)
  }

  /// The same in operations of libtorch, for devices that have no kernel of their own.
  func plain(_ x: Tensor, past: Tensor?) -> Tensor {
    let length = x.size(1)
    let wide = x.to(weight.dtype)
    let input = past.map { Tensor.concatenated([$0.to(weight.dtype), wide], 1) } ?? wide.padded(0, 0, width - 1, 0)
    var sum = input.narrowed(1, from: 0, length: length) * weight.selected(2, 0).squeezed(1)
    if let bias { sum = bias + sum }
    for tap in 1..<width {
      sum = sum + input.narrowed(1, from: tap, length: length) * weight.selected(2, tap).squeezed(1)
    }
    return (silu ? sum.silu() : sum).to(x.dtype)
  }

  /// The inputs that the next call needs: the last `width - 1` of what came before and `x`, in storage of their own.
  public func remember(_ x: Tensor, past: Tensor) -> Tensor {
    let (new, needed) = (x.size(1), width - 1)
    if new >= needed { return x.narrowed(1, from: new - needed, length: needed).to(past.dtype).copy() }
    return .concatenated([past.narrowed(1, from: new, length: needed - new), x.to(past.dtype)], 1)
  }

  /// The past of a sequence that has not begun: zeros, in fp32 or wider.
  public func emptyPast(batch: Int) -> Tensor {
    let wide = weight.dtype.wide
    return .zeros([batch, width - 1, weight.size(0)], wide, on: weight.device)
  }
}
