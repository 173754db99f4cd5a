import MohawkLayers
import MohawkMixers
import MohawkTensor

/// A block of a decoder in any of its layouts: norm, mixer, norm, add, norm, MLP, norm, add, without the norms that it
/// does not have.
package struct DecoderBlock: Block {
  package let mixer: any CausalMixer
  package let norm, postNorm, mlpNorm, mlpPostNorm: Norm?
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
    let places = configuration.normPlaces
    precondition(places == .before || layout == .sequential, "norms behind mixers and MLPs that stand side by side")
    func norm(_ isThere: Bool, _ name: String) -> Norm? {
      isThere ? Norm(configuration.norm, width, scope / name) : nil
    }
    self.norm = norm(places.hasBefore, "norm")
    mixer = configuration.mixer(of: layer, depth: depth, windowSwitch: windowSwitch, on: device, scope)
    postNorm = norm(places.hasAfter, "post_norm")
    let hasOwn = layout == .sequential || layout == .parallelNorms
    mlpNorm = norm(hasOwn && places.hasBefore, "mlp_norm")
    mlpPostNorm = norm(places.hasAfter, "mlp_post_norm")
    mlp = layout == .mixerOnly ? nil : FeedForward(configuration.mlp, width, depth: depth, scope / "mlp")
  }

  package var hasMLP: Bool { mlp != nil }

  package func mixerInput(_ hidden: Tensor) -> Tensor { normed(hidden, norm) }

  package func finish(_ hidden: Tensor, input: Tensor, mixed: Tensor) -> Tensor {
    guard let mlp else { return hidden.adding(scaled(mixed)) }
    switch layout {
    case .sequential:
      let mixedIn = hidden.adding(scaled(normed(mixed, postNorm)))
      return mixedIn.adding(scaled(normed(mlp(normed(mixedIn, mlpNorm)), mlpPostNorm)))
    case .parallelNorms: return hidden.adding(scaled(mixed), scaled(mlp(normed(hidden, mlpNorm))))
    case .parallel, .mixerOnly: return hidden.adding(scaled(mixed), scaled(mlp(input)))
    }
  }

  /// In the type that the layers compute in, after a norm where there is one.
  private func normed(_ x: Tensor, _ norm: Norm?) -> Tensor { norm.map { $0(x, as: compute) } ?? x.to(compute) }

  private func scaled(_ addition: Tensor) -> Tensor { residual == 1 ? addition : addition * residual }
}

extension DecoderConfiguration {
  /// The mixer of a layer; its parameters stand under `attention` or `mixer`.
  func mixer(
    of layer: Int, depth: Int, windowSwitch: WindowSwitch?, on device: Device, _ scope: ParameterScope
  ) -> any CausalMixer {
    let (kind, place) = (mixers[layer], MixerPlace(depth: depth, windowSwitch: windowSwitch, device: device))
    if kind.isAttention { return attention(of: layer).mixer(place, scope / "attention") }
    guard let geometry = geometries[kind] else { preconditionFailure("a \(kind.rawValue) layer without geometry") }
    return geometry.mixer(place, scope / "mixer")
  }

  /// The layer of whose mixer a parameter is; nil for attention's, and for what is of no mixer.
  package static func mixerLayer(of parameter: String) -> Int? {
    let path = parameter.split(separator: ".")
    return path.count > 3 && path[0] == "layers" && path[2] == "mixer" ? Int(path[1]) : nil
  }
}
