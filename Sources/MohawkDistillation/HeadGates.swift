import MohawkMixers
import MohawkModels
import MohawkTensor

/// A frozen Transformer in which a gate for every head leads from a window beside the first tokens to full attention.
struct HeadGates {
  private let teacher, windowed: Decoder
  /// Layers whose heads have gates.
  private let layers: Set<Int>

  /// - Parameters:
  ///   - teacher: frozen.
  ///   - window: tokens that a head with a closed gate sees.
  ///   - sinks: first tokens that it sees besides.
  ///   - kept: layers without gates; neither have those that look at a window of their own.
  init(_ teacher: Decoder, window: Int, sinks: Int, except kept: Set<Int>) {
    self.teacher = teacher
    windowed = teacher.windowed(window, sinks: sinks)
    let all = teacher.configuration.layers
    layers = Set(all.indices.filter { all[$0].kind == .attention && !kept.contains($0) })
  }

  /// One layer. The gates, [heads], are of a wide type; nil: there are none.
  private func pass(_ hidden: Tensor, _ layer: Int, _ gates: Tensor?) -> Tensor {
    let block = teacher.blocks[layer]
    guard let gates, let full = block.mixer as? Attention, let near = windowed.blocks[layer].mixer as? Attention else {
      return block(hidden)
    }
    let input = block.mixerInput(hidden)
    let operands = full.operands(input, for: .mixing)
    let (far, close) = (full.mix(operands), near.mix(operands))
    let wide = StageLosses.wide(close)
    let mixed = wide + (StageLosses.wide(far) - wide) * gates.reshaped(1, 1, gates.size(0), 1)
    return block.finish(hidden, input: input, mixed: full.output(mixed.to(far.dtype), input))
  }

  private func opened(_ share: Double, _ layer: Int) -> Tensor? {
    guard layers.contains(layer) else { return nil }
    let weights = teacher.parameters.all[0].value
    return .full([teacher.blocks[layer].mixer.heads], share, weights.dtype.wide, on: weights.device)
  }

  /// What enters each layer, and what leaves the last.
  private func entering(_ ids: Tensor, _ share: Double) -> [Tensor] {
    withoutGradients {
      var all = [teacher.embed(ids)]
      for layer in teacher.blocks.indices { all.append(pass(all[layer], layer, opened(share, layer))) }
      return all
    }
  }

  /// The KL to the teacher with all gates opened by a share, where text is repeated and elsewhere, added.
  func divergence(_ ids: Tensor, _ judge: RepeatedTextDivergence, opened share: Double) -> Double {
    withoutGradients {
      let parts = judge(entering(ids, share).last!)
      return parts.repeated.item() + parts.elsewhere.item()
    }
  }

  /// The derivative of that by the gates of each layer, [heads], fp64. Only one layer's insides exist at a time: each is
  /// computed once more on the way back.
  func gradients(_ ids: Tensor, _ judge: RepeatedTextDivergence, opened share: Double) -> [Int: Tensor] {
    var entering = entering(ids, share)
    func leaf(_ x: Tensor) -> Tensor {
      let leaf = x.detached()
      leaf.requiresGradient = true
      return leaf
    }
    let leaving = leaf(entering.removeLast())
    let parts = judge(leaving)
    var gradient = (parts.repeated + parts.elsewhere).gradients(of: [leaving])[0]!
    var gradients: [Int: Tensor] = [:]
    let first = layers.min() ?? teacher.blocks.count
    for layer in teacher.blocks.indices.reversed() where layer >= first {
      let input = leaf(entering.removeLast())
      let gates = opened(share, layer).map(leaf)
      let found = pass(input, layer, gates).gradients(of: [input] + (gates.map { [$0] } ?? []), gradient)
      gradient = found[0]!
      if gates != nil { gradients[layer] = found[1]!.detached().to(.float64, on: .cpu) }
    }
    return gradients
  }
}
