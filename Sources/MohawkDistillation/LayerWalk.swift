import MohawkMixers
import MohawkModels
import MohawkTensor
import MohawkTraining

/// One pass of the teacher over a batch, layer by layer, so that only one layer's insides exist at a time.
enum LayerWalk {
  /// Calls `visit` for every layer with the layer's input and what `sight` asks for. No gradients are recorded for the
  /// teacher; `visit` may record its own.
  static func run<Target>(
    _ pair: DistillationPair, _ ids: Tensor, _ sight: Sight<Target>,
    visit: (_ layer: Int, _ hidden: Tensor, _ target: Target) throws -> Void
  ) rethrows {
    let teacher = pair.teacher
    let kept = pair.keptLayers
    var hidden = withoutGradients { teacher.embed(ids) }
    for (index, block) in teacher.blocks.enumerated() {
      let isLast = index == teacher.blocks.count - 1
      let isCompared = !kept.contains(index)
      if isLast && !isCompared { return }
      let place = Place(
        block: block, hidden: hidden, standsForBlock: pair.standsForBlock(index), isCompared: isCompared,
        isLast: isLast)
      let (target, leaving) = withoutGradients { sight.look(place) }
      if isCompared { try visit(index, hidden, target) }
      if let leaving { hidden = leaving }
    }
  }

  /// The same from inputs that were kept: each layer on its own, with nothing of the teacher between them.
  static func run<Target>(
    _ pair: DistillationPair, _ sight: Sight<Target>, input: (_ layer: Int) throws -> Tensor,
    visit: (_ layer: Int, _ hidden: Tensor, _ target: Target) throws -> Void
  ) rethrows {
    let kept = pair.keptLayers
    for (index, block) in pair.teacher.blocks.enumerated() where !kept.contains(index) {
      let place = Place(
        block: block, hidden: try input(index), standsForBlock: pair.standsForBlock(index), isCompared: true,
        isLast: true)
      try visit(index, place.hidden, withoutGradients { sight.look(place).target })
    }
  }

  /// A layer of the teacher on the way.
  struct Place {
    let block: any Block
    /// What enters it.
    let hidden: Tensor
    /// Whether the student's mixer stands for the whole block.
    let standsForBlock: Bool
    /// Whether anyone looks at the layer, and whether nobody needs what leaves it.
    let isCompared, isLast: Bool
  }

  /// What the teacher shows of a layer that is compared, and what leaves the layer, nil when nobody needs it.
  struct Sight<Target> {
    let look: (Place) -> (target: Target, leaving: Tensor?)
  }
}

extension LayerWalk.Sight<MixerMatrix> {
  /// The mixer's matrix.
  static var matrix: Self {
    Self { place in
      let input = place.block.mixerInput(place.hidden)
      if place.isLast { return (place.block.mixer.factoredMatrix(of: input), nil) }
      let (matrix, mixed) = place.block.mixer.matrixAndOutput(input)
      return (matrix, place.block.finish(place.hidden, input: input, mixed: mixed))
    }
  }
}

extension LayerWalk.Sight<Tensor> {
  /// What the mixer, or the whole block, adds to the stream.
  static var output: Self {
    Self { place in
      let input = place.block.mixerInput(place.hidden)
      let mixed = place.block.mixer(input)
      if place.isLast && !place.standsForBlock { return (mixed, nil) }
      let leaving = place.block.finish(place.hidden, input: input, mixed: mixed)
      return (place.standsForBlock ? leaving - place.hidden : mixed, leaving)
    }
  }
}

extension LayerWalk {
  /// Tokens that walk through the layers together on a CPU: what a layer makes of them stays near the processor, and a
  /// sequence more costs no memory.
  private static let tokensAtOnce = 2048

  /// Forward and backward of every compared layer of the student, each released before the next one begins, and some
  /// sequences after the other.
  /// - Parameters:
  ///   - tokens: [rows, length + 1]; the last of each row is not read.
  ///   - signals: what enters the layers; nil runs the teacher.
  ///   - share: factor on the gradients.
  ///   - loss: a layer's loss from the student's block, the hidden state that enters it and what the teacher shows; the
  ///     mean over sequences.
  static func accumulate<Target>(
    _ pair: DistillationPair, _ tokens: Tensor, _ signals: TeacherSignals?, _ sight: Sight<Target>, share: Double,
    loss: (_ block: any Block, _ hidden: Tensor, _ target: Target) -> Tensor
  ) throws -> StageLoss {
    var losses = [Tensor?](repeating: nil, count: pair.student.blocks.count)
    let (rows, length) = (tokens.size(0), tokens.size(1) - 1)
    let stream = pair.teacher.parameters.all[0].value
    // A GPU is busy only with all of them.
    let together = stream.device == .cpu ? max(1, tokensAtOnce / max(1, length)) : rows
    for first in stride(from: 0, to: rows, by: together) {
      let part = tokens.narrowed(0, from: first, length: min(together, rows - first))
      let weight = Double(part.size(0)) / Double(rows)
      func compare(_ layer: Int, _ hidden: Tensor, _ target: Target) {
        let loss = loss(pair.student.blocks[layer], hidden, target)
        (loss * (share * weight)).backward()
        let shared = withoutGradients { loss.detached() * weight }
        losses[layer] = losses[layer].map { $0 + shared } ?? shared
      }
      if let signals {
        try run(pair, sight, input: { try signals.input(part, of: $0, stream.dtype) }, visit: compare)
      } else {
        run(pair, part.narrowed(1, from: 0, length: length), sight, visit: compare)
      }
    }
    return StageLoss(layers: losses)
  }
}

extension SequenceMixer {
  /// Both from one set of operands.
  func matrixAndOutput(_ x: Tensor) -> (matrix: MixerMatrix, output: Tensor) {
    let operands = operands(x, for: .mixing)
    return (factoredMatrix(operands), output(mix(operands), x))
  }
}
