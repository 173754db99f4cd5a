import MohawkMixers
import MohawkModels
import MohawkTensor
import MohawkTraining

/// One pass of the teacher over a batch, layer by layer, so that only one layer's insides exist at a time.
enum LayerWalk {
  /// What the teacher shows of a layer: its mixer's matrix, or what its mixer, or its whole block, adds to the stream.
  enum Sight { case matrix, output }

  /// Calls `visit` for every layer with the layer's input and what `sight` asks for. No gradients are recorded for the
  /// teacher; `visit` may record its own.
  static func run(
    _ pair: DistillationPair, _ ids: Tensor, _ sight: Sight,
    visit: (_ layer: Int, _ hidden: Tensor, _ target: Tensor) throws -> Void
  ) rethrows {
    let teacher = pair.teacher
    let kept = pair.keptLayers
    var hidden = withoutGradients { teacher.embed(ids) }
    for (index, block) in teacher.blocks.enumerated() {
      let isLast = index == teacher.blocks.count - 1
      let compared = !kept.contains(index)
      if isLast && !compared { return }
      let entering = hidden
      let target: Tensor? = withoutGradients {
        let input = block.mixerInput(entering)
        switch sight {
        case .matrix:
          if isLast { return block.mixer.matrix(of: input) }
          let (matrix, mixed) = block.mixer.matrixAndOutput(input, needsMatrix: compared)
          hidden = block.finish(entering, input: input, mixed: mixed)
          return matrix
        case .output:
          let mixed = block.mixer(input)
          let isWhole = pair.standsForBlock(index)
          if !isLast || isWhole { hidden = block.finish(entering, input: input, mixed: mixed) }
          return isWhole ? hidden - entering : mixed
        }
      }
      if compared, let target { try visit(index, entering, target) }
    }
  }
}

extension LayerWalk {
  /// Forward and backward of every compared layer of the student, each released before the next one begins.
  /// - Parameters:
  ///   - tokens: [rows, length + 1]; the last of each row is not read.
  ///   - share: factor on the gradients.
  ///   - loss: a layer's loss from the student's block, the hidden state that enters it and what the teacher shows.
  static func accumulate(
    _ pair: DistillationPair, _ tokens: Tensor, _ sight: Sight, share: Double,
    loss: (_ block: any Block, _ hidden: Tensor, _ target: Tensor) -> Tensor
  ) -> StageLoss {
    var losses = [Tensor?](repeating: nil, count: pair.student.blocks.count)
    let ids = tokens.narrowed(1, from: 0, length: tokens.size(1) - 1)
    run(pair, ids, sight) { layer, hidden, target in
      let loss = loss(pair.student.blocks[layer], hidden, target)
      (loss * share).backward()
      losses[layer] = loss.detached()
    }
    return StageLoss(layers: losses)
  }
}

extension SequenceMixer {
  /// Both from one set of operands.
  func matrixAndOutput(_ x: Tensor, needsMatrix: Bool) -> (matrix: Tensor?, output: Tensor) {
    let operands = operands(x, for: .mixing)
    return (needsMatrix ? matrix(operands) : nil, output(mix(operands), x))
  }
}
