import MohawkMixers
import MohawkModels
import MohawkTensor

/// One pass of the teacher over a batch, layer by layer, so that only one layer's insides exist at a time.
enum LayerWalk {
  /// What the teacher shows of a layer.
  enum Sight { case matrix, output }

  /// Calls `visit` for every layer with the layer's input and what `sight` asks for. No gradients are recorded for the
  /// teacher; `visit` may record its own.
  static func run(
    _ teacher: any LanguageModel, _ ids: Tensor, _ sight: Sight, skipping kept: Set<Int>,
    visit: (_ layer: Int, _ hidden: Tensor, _ target: Tensor) throws -> Void
  ) rethrows {
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
          if !isLast { hidden = block.finish(entering, input: input, mixed: mixed) }
          return mixed
        }
      }
      if compared, let target { try visit(index, entering, target) }
    }
  }
}

extension SequenceMixer {
  /// Both from one set of operands.
  func matrixAndOutput(_ x: Tensor, needsMatrix: Bool) -> (matrix: Tensor?, output: Tensor) {
    let operands = operands(x, for: .mixing)
    return (needsMatrix ? matrix(operands) : nil, output(mix(operands), x))
  }
}
