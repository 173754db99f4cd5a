import MohawkLayers
import MohawkMixers
import MohawkTensor

/// A layer of a decoder: its steps, one after the other.
package struct DecoderBlock: Block {
  package let mixer: any CausalMixer
  package let mlp: FeedForward?
  package internal(set) var parameters: [Parameter] = []
  /// They begin with the mixer.
  package let steps: [BlockStep]
  /// What additions to the stream are multiplied by.
  package let residual: Double
  private let norms: [String: Norm]
  private let compute: DType

  /// - Parameters:
  ///   - layer: what it is made of.
  ///   - model: of which it is a layer.
  ///   - compute: the type that it computes in.
  ///   - place: where its mixer is made.
  ///   - scope: where the parameters get their names.
  init(
    _ layer: DecoderLayer, of model: DecoderConfiguration, compute: DType, _ place: MixerPlace, _ scope: ParameterScope
  ) {
    precondition(layer.steps.first?.branches.first?.part == .mixer, "a layer that does not begin with its mixer")
    (steps, residual, self.compute) = (layer.steps, model.multipliers.residual, compute)
    var norms: [String: Norm] = [:]
    func addNorm(_ name: String?) {
      guard let name, norms[name] == nil else { return }
      norms[name] = Norm(model.norm, model.modelDim, scope / name)
    }
    let branches = steps.flatMap(\.branches)
    addNorm(branches[0].norm)
    mixer = layer.mixer.mixer(place, scope / layer.mixerName)
    addNorm(branches[0].postNorm)
    for branch in branches.dropFirst() {
      addNorm(branch.norm)
      addNorm(branch.postNorm)
    }
    mlp = layer.mlp.map { FeedForward($0, model.modelDim, depth: place.depth, scope / "mlp") }
    self.norms = norms
  }

  package var hasMLP: Bool { mlp != nil }

  /// The norm of this name; nil for no name.
  package func norm(_ name: String?) -> Norm? { name.flatMap { norms[$0] } }

  package func mixerInput(_ hidden: Tensor) -> Tensor { normed(hidden, steps[0].branches[0].norm) }

  package func finish(_ hidden: Tensor, input: Tensor, mixed: Tensor) -> Tensor {
    var stream = hidden
    for (index, step) in steps.enumerated() {
      let additions = step.branches.map { branch in
        let sharesInput = index == 0 && branch.norm == steps[0].branches[0].norm
        let made =
          branch.part == .mixer ? mixed : mlp!(sharesInput ? input : normed(stream, branch.norm))
        return scaled(branch.postNorm == nil ? made : normed(made, branch.postNorm))
      }
      precondition(additions.count <= 2, "more than a mixer and an MLP are added at once")
      stream = stream.adding(additions[0], additions.count == 2 ? additions[1] : nil)
    }
    return stream
  }

  /// In the type that the layers compute in, after a norm where there is one.
  private func normed(_ x: Tensor, _ name: String?) -> Tensor { norm(name).map { $0(x, as: compute) } ?? x.to(compute) }

  private func scaled(_ addition: Tensor) -> Tensor { residual == 1 ? addition : addition * residual }
}
