import MohawkMixers
import MohawkModels
import MohawkTensor
import MohawkTraining

/// One pass of the teacher over a batch, layer by layer, so that only one layer's insides exist at a time.
enum LayerWalk {
  /// Calls `compare` for every layer that is compared, with what enters the student's mixer and what `sight` asks for,
  /// then `finish` with what it returned. What entered the layer is gone before `compare`, the rest before `finish`. No
  /// gradients are recorded for the teacher, and layers behind the last that is compared are not run.
  static func run<Target, Compared>(
    _ pair: DistillationPair, _ ids: Tensor, _ sight: TeacherTarget<Target>, compare: Comparison<Target, Compared>,
    finish: (_ layer: Int, _ compared: Compared) throws -> Void
  ) rethrows {
    let kept = pair.keptLayers
    guard let end = pair.teacher.blocks.indices.last(where: { !kept.contains($0) }) else { return }
    var hidden: Tensor? = withoutGradients { pair.teacher.embed(ids) }
    for layer in 0...end {
      let isLast = layer == pair.teacher.blocks.count - 1
      if !kept.contains(layer) {
        try finish(layer, pass(pair, layer, &hidden, isLast: isLast, sight, compare))
      } else {
        hidden = withoutGradients { hidden.map { pair.teacher.blocks[layer]($0) } }
      }
    }
  }

  /// The same from inputs that were kept: each layer on its own, with nothing of the teacher between them.
  static func run<Target, Compared>(
    _ pair: DistillationPair, _ sight: TeacherTarget<Target>, input: (_ layer: Int) throws -> Tensor,
    compare: Comparison<Target, Compared>, finish: (_ layer: Int, _ compared: Compared) throws -> Void
  ) rethrows {
    let kept = pair.keptLayers
    for layer in pair.teacher.blocks.indices where !kept.contains(layer) {
      var hidden: Tensor? = try input(layer)
      try finish(layer, pass(pair, layer, &hidden, isLast: true, sight, compare))
    }
  }

  typealias Comparison<Target, Compared> = (_ layer: Int, _ input: Tensor, _ target: Target) throws -> Compared

  /// One layer that is compared. `hidden` is what enters it and becomes what leaves it; nobody else holds it.
  private static func pass<Target, Compared>(
    _ pair: DistillationPair, _ layer: Int, _ hidden: inout Tensor?, isLast: Bool, _ sight: TeacherTarget<Target>,
    _ compare: Comparison<Target, Compared>
  ) rethrows -> Compared {
    func look(_ hidden: Tensor) -> (input: Tensor, target: Target, leaving: Tensor?) {
      let place = Place(
        block: pair.teacher.blocks[layer], hidden: hidden, replacesWholeBlock: pair.replacesWholeBlock(layer),
        isLast: isLast)
      let (target, leaving) = withoutGradients { sight.look(place) }
      return (pair.student.blocks[layer].mixerInput(hidden), target, leaving)
    }
    let (input, target, leaving) = look(hidden!)
    hidden = leaving
    return try compare(layer, input, target)
  }

  /// A layer of the teacher on the way.
  struct Place {
    let block: any Block
    /// What enters it.
    let hidden: Tensor
    /// Whether the student's mixer stands for the whole block.
    let replacesWholeBlock: Bool
    /// Whether nobody needs what leaves it.
    let isLast: Bool
  }

  /// What the teacher shows of a layer that is compared, and what leaves the layer, nil when nobody needs it.
  struct TeacherTarget<Target> {
    let look: (Place) -> (target: Target, leaving: Tensor?)
  }
}

extension LayerWalk.TeacherTarget<MixerMatrix> {
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

extension LayerWalk.TeacherTarget<ObservedMatrix> {
  /// The mixer's matrix, whole, and the lengths of its values.
  static var observedMatrix: Self {
    Self { place in
      let input = place.block.mixerInput(place.hidden)
      let (matrix, mixed) = place.block.mixer.observed(input)
      return (matrix, place.isLast ? nil : place.block.finish(place.hidden, input: input, mixed: mixed))
    }
  }
}

extension LayerWalk.TeacherTarget<Void> {
  /// Nothing but what enters the layer.
  static var input: Self {
    Self { place in
      if place.isLast { return ((), nil) }
      let input = place.block.mixerInput(place.hidden)
      return ((), place.block.finish(place.hidden, input: input, mixed: place.block.mixer(input)))
    }
  }
}

extension LayerWalk.TeacherTarget<Tensor> {
  /// What the mixer, or the whole block, adds to the stream.
  static var output: Self {
    Self { place in
      let input = place.block.mixerInput(place.hidden)
      let mixed = place.block.mixer(input)
      if place.isLast && !place.replacesWholeBlock { return (mixed, nil) }
      let leaving = place.block.finish(place.hidden, input: input, mixed: mixed)
      return (place.replacesWholeBlock ? leaving - place.hidden : mixed, leaving)
    }
  }
}

/// A block of the teacher from outside: what enters it and what it adds, both [batch, length, modelDim].
struct ObservedBlock {
  let entering: Tensor
  let added: Tensor
}

extension LayerWalk.TeacherTarget<ObservedBlock> {
  /// What the whole block adds to the stream.
  static var block: Self {
    Self { place in
      let input = place.block.mixerInput(place.hidden)
      let leaving = place.block.finish(place.hidden, input: input, mixed: place.block.mixer(input))
      return (ObservedBlock(entering: place.hidden, added: leaving - place.hidden), leaving)
    }
  }
}

extension LayerWalk {
  /// Forward and backward of every compared layer of the student, each released before the next one begins.
  /// - Parameters:
  ///   - tokens: [rows, length + 1]; the last of each row is not read.
  ///   - inputs: what enters a layer for some of the tokens, in the given type; nil runs the teacher.
  ///   - dropout: which sequences the student sees without its window.
  ///   - share: factor on the gradients.
  ///   - loss: a layer's loss from the student's block, what enters its mixer and what the teacher shows; the mean over
  ///     sequences.
  static func accumulate<Target>(
    _ pair: DistillationPair, _ tokens: Tensor, _ inputs: LayerInputs?, _ sight: TeacherTarget<Target>,
    dropout: WindowDropout, share: Double,
    loss: (_ student: any Block, _ input: Tensor, _ target: Target) -> Tensor
  ) throws -> StageLoss {
    var losses = [Tensor?](repeating: nil, count: pair.student.blocks.count)
    func compare(_ layer: Int, _ input: Tensor, _ target: Target) -> Tensor {
      loss(pair.student.blocks[layer], input, target)
    }
    func learn(_ layer: Int, _ loss: Tensor) {
      (loss * share).backward(completes: .reached)  // no other layer has these parameters
      losses[layer] = loss.detached()
    }
    try pair.student.dropping(dropout, for: tokens) {
      if let inputs {
        let dtype = pair.teacher.parameters.all[0].value.dtype
        try run(pair, sight, input: { try inputs(tokens, $0, dtype) }, compare: compare, finish: learn)
      } else {
        let ids = tokens.narrowed(1, from: 0, length: tokens.size(1) - 1)
        run(pair, ids, sight, compare: compare, finish: learn)
      }
    }
    return withoutGradients { StageLoss(layers: losses) }
  }
}

extension LayerWalk {
  /// What enters a layer for tokens [rows, length + 1], in a type: [rows, length, modelDim].
  typealias LayerInputs = (_ tokens: Tensor, _ layer: Int, _ dtype: DType) throws -> Tensor
}

extension SequenceMixer {
  /// Both from one set of operands.
  func matrixAndOutput(_ x: Tensor) -> (matrix: MixerMatrix, output: Tensor) {
    let operands = operands(x, for: .mixing)
    return (factoredMatrix(operands), output(mix(operands), x))
  }

  /// Both from one set of operands, the matrix whole.
  func observed(_ x: Tensor) -> (matrix: ObservedMatrix, output: Tensor) {
    let operands = operands(x, for: .mixing)
    return (ObservedMatrix(self, operands), output(mix(operands), x))
  }
}
