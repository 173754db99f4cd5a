import CMohawkDecoder
import MohawkLayers
import MohawkModels
import MohawkTensor

/// Keeps what a plan points to.
struct PlanMemory {
  private var tensors: [Tensor] = []
  private let rounded: QuantizedDecoder?
  /// Of all layers.
  var rotary = RotaryWaves()

  /// - Parameter rounded: which matrices to take instead of the model's.
  init(rounded: QuantizedDecoder?) { self.rounded = rounded }

  /// The elements in fp32.
  mutating func floats(_ tensor: Tensor) -> UnsafePointer<Float> {
    let plain = withoutGradients { tensor.detached().to(.float32).contiguous() }
    tensors.append(plain)
    return UnsafePointer(plain.address.assumingMemoryBound(to: Float.self))
  }

  mutating func integers(_ numbers: [Int]) -> UnsafePointer<Int64> {
    let plain = Tensor(numbers.map(Int64.init))
    tensors.append(plain)
    return UnsafePointer(plain.address.assumingMemoryBound(to: Int64.self))
  }

  mutating func floats(_ numbers: [Float]) -> UnsafePointer<Float> { floats(Tensor(numbers)) as UnsafePointer<Float> }

  mutating func floats(_ tensor: Tensor?) -> UnsafePointer<Float>? {
    guard let tensor else { return nil }
    return floats(tensor) as UnsafePointer<Float>
  }

  /// A matrix in the type that it has, fp16 in fp32, or as it is kept rounded.
  mutating func matrix(_ tensor: Tensor) -> mhk_matrix {
    if let matrix = rounded?.matrix(of: tensor) {
      tensors.append(matrix.bytes)
      return matrix.matrix
    }
    let isHalf = tensor.dtype == .bfloat16
    let plain = withoutGradients { tensor.detached().to(isHalf ? .bfloat16 : .float32).contiguous() }
    tensors.append(plain)
    return mhk_matrix(
      format: Int32(isHalf ? MHK_BF16 : MHK_F32), rows: Int64(tensor.size(0)), columns: Int64(tensor.size(1)),
      data: plain.address)
  }

  mutating func projection(_ weight: Tensor, _ bias: Tensor? = nil) -> mhk_weighted_sum {
    mhk_weighted_sum(weights: matrix(weight), bias: floats(bias))
  }

  mutating func projection(_ linear: Linear) -> mhk_weighted_sum { projection(linear.weight, linear.bias) }

  mutating func norm(_ norm: Norm) -> mhk_normalisation {
    switch norm {
    case .layer(let norm):
      mhk_normalisation(weight: floats(norm.weight), bias: floats(norm.bias), epsilon: Float(norm.epsilon))
    case .rms(let norm): self.norm(norm)
    }
  }

  mutating func norm(_ norm: RMSNorm) -> mhk_normalisation {
    mhk_normalisation(weight: floats(norm.weight), bias: nil, epsilon: Float(norm.epsilon))
  }

  mutating func taps(_ convolution: CausalConvolution) -> mhk_taps {
    let taps = withoutGradients { convolution.weight.detached().to(.float32).squeezed(1).transposed() }
    return mhk_taps(
      taps: floats(taps), bias: floats(convolution.bias), width: Int64(convolution.width),
      channels: Int64(convolution.weight.size(0)), silu: convolution.silu)
  }

  mutating func layer(_ block: DecoderBlock) -> mhk_layer {
    var layer = mhk_layer()
    layer.layout = NativeLayout.code(of: block.steps)
    let branches = block.steps.flatMap(\.branches)
    if let norm = block.norm(branches[0].norm) { layer.norm = self.norm(norm) }
    if let norm = block.norm(branches[0].postNorm) { layer.post_norm = self.norm(norm) }
    if branches.count > 1 {
      if let norm = block.norm(branches[1].norm) { layer.mlp_norm = self.norm(norm) }
      if let norm = block.norm(branches[1].postNorm) { layer.mlp_post_norm = self.norm(norm) }
    }
    layer.residual = Float(block.residual)
    guard let mlp = block.mlp else { return layer }
    layer.activation = mlp.activation.code
    switch mlp.kind {
    case .plain(let fc1, let fc2): (layer.up, layer.down) = (projection(fc1), projection(fc2))
    case .gated(let gate, let up, let down):
      (layer.gate, layer.up, layer.down) = (projection(gate), projection(up), projection(down))
    }
    return layer
  }
}

/// The blocks that the native decoder knows.
enum NativeLayout {
  /// Its number for a block of these steps, all of which layouts have a form there.
  static func code(of steps: [BlockStep]) -> Int32 {
    let branches = steps.map(\.branches)
    switch branches.map(\.count) {
    case [1]: return Int32(MHK_MIXER_ONLY)
    case [1, 1]: return Int32(MHK_SEQUENTIAL)
    case [2]: return Int32(branches[0][0].norm == branches[0][1].norm ? MHK_PARALLEL : MHK_PARALLEL_NORMS)
    default: preconditionFailure("a block that the native decoder does not know")
    }
  }
}

extension Activation {
  /// The native decoder's number for it.
  var code: Int32 {
    switch self {
    case .gelu: Int32(MHK_ACTIVATE_GELU)
    case .geluTanh: Int32(MHK_ACTIVATE_GELU_TANH)
    case .silu: Int32(MHK_ACTIVATE_SILU)
    case .relu: Int32(MHK_ACTIVATE_RELU)
    case .squaredRelu: Int32(MHK_ACTIVATE_RELU2)
    }
  }
}
