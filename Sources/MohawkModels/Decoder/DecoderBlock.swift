import MohawkLayers
import MohawkMixers
import MohawkTensor

/// A block of a decoder in any of its layouts.
package struct DecoderBlock: Block {
  package let mixer: any SequenceMixer
  package let norm: Norm
  package let mlpNorm: Norm?
  package let mlp: FeedForward?
  package let layout: DecoderConfiguration.Layout
  package let residual: Double
  private let compute: DType

  init(
    _ configuration: DecoderConfiguration, layer: Int, compute: DType, windowSwitch: WindowSwitch?, on device: Device,
    _ scope: ParameterScope
  ) {
    let (width, depth) = (configuration.modelDim, configuration.mixers.count)
    layout = configuration.layout
    residual = configuration.multipliers.residual
    self.compute = compute
    norm = Norm(configuration.norm, width, scope / "norm")
    mixer = configuration.mixer(of: layer, depth: depth, windowSwitch: windowSwitch, on: device, scope)
    switch layout {
    case .sequential, .parallelNorms: mlpNorm = Norm(configuration.norm, width, scope / "mlp_norm")
    case .parallel, .mixerOnly: mlpNorm = nil
    }
    mlp = layout == .mixerOnly ? nil : FeedForward(configuration.mlp, width, depth: depth, scope / "mlp")
  }

  package var hasMLP: Bool { mlp != nil }

  package func mixerInput(_ hidden: Tensor) -> Tensor { norm(hidden, as: compute) }

  package func finish(_ hidden: Tensor, input: Tensor, mixed: Tensor) -> Tensor {
    guard let mlp else { return hidden.adding(scaled(mixed)) }
    switch layout {
    case .sequential:
      let mixedIn = hidden.adding(scaled(mixed))
      return mixedIn.adding(scaled(mlp(mlpNorm!(mixedIn, as: compute))))
    case .parallelNorms: return hidden.adding(scaled(mixed), scaled(mlp(mlpNorm!(hidden, as: compute))))
    case .parallel, .mixerOnly: return hidden.adding(scaled(mixed), scaled(mlp(input)))
    }
  }

  private func scaled(_ addition: Tensor) -> Tensor { residual == 1 ? addition : addition * residual }
}

extension DecoderConfiguration {
  /// The mixer of a layer; its parameters stand under `attention` or `mixer`.
  func mixer(
    of layer: Int, depth: Int, windowSwitch: WindowSwitch?, on device: Device, _ scope: ParameterScope
  ) -> any SequenceMixer {
    switch mixers[layer] {
    case .attention:
      var everything = attention
      everything.window = nil
      return Attention(everything, depth: depth, on: device, scope / "attention")
    case .windowedAttention:
      return Attention(attention, depth: depth, on: device, scope / "attention")
    case .discreteMamba2:
      guard let discreteMamba2 else { preconditionFailure("a Discrete-Mamba-2 layer without geometry") }
      return DiscreteMamba2(discreteMamba2, depth: depth, windowSwitch: windowSwitch, scope / "mixer")
    case .mamba2:
      guard let mamba2 else { preconditionFailure("a Mamba-2 layer without geometry") }
      return Mamba2(mamba2, depth: depth, scope / "mixer")
    case .mamba:
      guard let mamba else { preconditionFailure("a Mamba layer without geometry") }
      return Mamba(mamba, depth: depth, scope / "mixer")
    }
  }
}
