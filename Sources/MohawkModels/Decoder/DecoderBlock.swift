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
    let (kind, place) = (mixers[layer], MixerPlace(depth: depth, windowSwitch: windowSwitch, device: device))
    if kind.isAttention {
      var attention = attention
      if kind == .attention { attention.window = nil }
      return attention.mixer(place, scope / "attention")
    }
    guard let geometry = geometries[kind] else { preconditionFailure("a \(kind.rawValue) layer without geometry") }
    return geometry.mixer(place, scope / "mixer")
  }

  /// Whether a parameter decides how fast a mixer forgets: such numbers are never rounded.
  package func decaysDependOn(_ parameter: String) -> Bool {
    func asked<Geometry: MixerGeometry>(_ geometry: Geometry) -> Bool { Geometry.Mixer.decaysDependOn(parameter) }
    guard let layer = Self.mixerLayer(of: parameter), mixers.indices.contains(layer),
      let geometry = geometries[mixers[layer]]
    else { return false }
    return asked(geometry)
  }

  /// The layer of whose mixer a parameter is; nil for attention's, and for what is of no mixer.
  package static func mixerLayer(of parameter: String) -> Int? {
    let path = parameter.split(separator: ".")
    return path.count > 3 && path[0] == "layers" && path[2] == "mixer" ? Int(path[1]) : nil
  }
}
