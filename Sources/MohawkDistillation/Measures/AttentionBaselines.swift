import MohawkMixers
import MohawkModels
import MohawkTensor

/// ‖approximation − layer‖ / ‖layer‖ of a layer in three measures; nil where one has no meaning.
public struct RelativeErrors: Sendable, Equatable {
  /// Of the matrices of all heads.
  public var matrix: Double?
  /// Of the same with every column multiplied by the length of its value.
  public var weighted: Double?
  /// Of what the mixer puts out.
  public var output: Double?
}

/// How near the simplest of mixers come to a layer of the teacher: what a student's errors are to be compared with.
///
/// The simplest, the zero matrix, has an error of 1 in every measure by definition.
public struct AttentionBaselines: Sendable, Equatable {
  /// Every token looks at all tokens so far alike.
  public var uniform: RelativeErrors
  /// Every head is the one exponential window that is best in the measure, on this text.
  public var window: RelativeErrors
  /// The windows of the heads: nearest to the matrix, to the matrix with its columns weighted, to what the head makes of
  /// its values.
  public var matrixWindows, weightedWindows, contextWindows: [WindowFit]

  /// Of layers of the teacher, from the teacher alone, one layer at a time.
  /// - Parameters:
  ///   - teacher: whose layers.
  ///   - batches: ids [batch, length]. Matrices are measured as in ``LayerDistances``, outputs on all of them.
  ///   - isMeasured: whether a layer is measured; nil stands for one that is not.
  public static func measure(
    _ teacher: any LanguageModel, _ batches: [Tensor], where isMeasured: (Int) -> Bool = { _ in true }
  ) -> [AttentionBaselines?] {
    withoutGradients {
      var hidden = batches.map { teacher.embed($0) }
      return teacher.blocks.indices.map { layer in
        let block = teacher.blocks[layer]
        let result = isMeasured(layer) ? measure(block.mixer, hidden.map { block.mixerInput($0) }) : nil
        if layer + 1 < teacher.blocks.count {
          for index in hidden.indices { hidden[index] = block(hidden[index]) }
        }
        return result
      }
    }
  }

  /// Of one mixer, from what enters it, [batch, length, modelDim] each.
  /// - Parameter shown: the part of an input whose matrices are compared.
  static func measure(
    _ mixer: some SequenceMixer, _ inputs: [Tensor], shown: (Tensor) -> Tensor = LayerDistances.shown
  ) -> AttentionBaselines {
    var (uniform, weightedUniform) = (Squares(), Squares())
    var (plain, weighted) = (WindowSums(heads: mixer.heads), WindowSums(heads: mixer.heads))
    for input in inputs {
      let operands = mixer.operands(shown(input), for: .mixing)
      let seen = ObservedMatrix(mixer, operands)
      let (length, dtype, device) = (seen.matrix.size(2), seen.matrix.dtype, seen.matrix.device)
      let average = Self.average(length).to(dtype, on: device)
      uniform.add(average, seen.matrix)
      weightedUniform.add(average * seen.lengths, seen.weighted)
      add(seen.matrix, seen.lengths * 0 + 1, to: &plain)
      add(seen.matrix, seen.lengths, to: &weighted)
    }
    let contexts = inputs.map { Context(mixer, $0) }
    let fits = WindowSums(contexts, heads: mixer.heads).best
    var (uniformOutput, windowOutput) = (Squares(), Squares())
    for (input, context) in zip(inputs, contexts) {
      func output(_ mixed: Tensor) -> Tensor { mixer.output(mixed.to(input.dtype), input) }
      let target = output(context.mixed)
      uniformOutput.add(output(averaged(context.values)), target)
      windowOutput.add(output(windowed(context.values, fits)), target)
    }
    let (matrixWindows, weightedWindows) = (plain.best, weighted.best)
    return AttentionBaselines(
      uniform: .init(matrix: uniform.ratio, weighted: weightedUniform.ratio, output: uniformOutput.ratio),
      window: .init(
        matrix: WindowFit.error(matrixWindows), weighted: WindowFit.error(weightedWindows), output: windowOutput.ratio),
      matrixWindows: matrixWindows, weightedWindows: weightedWindows, contextWindows: fits)
  }

  /// 1/(i + 1) for j ≤ i, [length, length], fp64.
  static func average(_ length: Int) -> Tensor {
    Tensor.ones([length, length], .float64).lowerTriangle() / counts(length).unsqueezed(1)
  }

  /// The product of ``average(_:)`` with values [batch, length, heads, headDim].
  static func averaged(_ values: Tensor) -> Tensor {
    let counts = counts(values.size(1)).to(values.dtype, on: values.device)
    return values.cumulativeSum(1) / counts.reshaped(1, -1, 1, 1)
  }

  private static func counts(_ length: Int) -> Tensor { Tensor.range(1, length + 1, .float64) }

  /// Every head's window of its values.
  static func windowed(_ values: Tensor, _ fits: [WindowFit]) -> Tensor {
    let scales = Tensor(fits.map(\.scale)).to(values.dtype, on: values.device)
    return ExponentialWindow.mixed(values, fits.map(\.decay)) * scales.reshaped(1, 1, -1, 1)
  }

  /// Adds the products of all windows with a matrix whose columns are weighted: E diag(w) with P diag(w).
  private static func add(_ matrix: Tensor, _ weights: Tensor, to sums: inout WindowSums) {
    let (heads, length) = (matrix.size(1), matrix.size(2))
    let squares = weights.square()
    let weighted = matrix * squares
    sums.add(target: (weighted * matrix).sum(over: 0, 2, 3).doubles())
    for (index, decay) in ExponentialWindow.decays.enumerated() {
      let window = ExponentialWindow.matrix(decay, length).to(matrix.dtype, on: matrix.device)
      let cross = weighted.reshaped(-1, length * length).matmul(window.reshaped(length * length, 1))
      let own = squares.reshaped(-1, length).matmul(window.square().sum(over: 0).unsqueezed(1))
      sums.add(
        index, cross: cross.reshaped(-1, heads).sum(over: 0).doubles(),
        own: own.reshaped(-1, heads).sum(over: 0).doubles())
    }
  }

  /// What a mixer multiplies and what it makes of it, both [batch, length, heads, headDim], fp32 or wider.
  fileprivate struct Context {
    let values, mixed: Tensor

    init(_ mixer: some SequenceMixer, _ input: Tensor) {
      let operands = mixer.operands(input, for: .mixing)
      values = StageLosses.wide(mixer.values(operands)).contiguous()
      mixed = StageLosses.wide(mixer.mix(operands))
    }
  }
}

extension WindowSums {
  /// Products of all windows' contexts with those of the heads.
  fileprivate init(_ contexts: [AttentionBaselines.Context], heads: Int) {
    self.init(heads: heads)
    func dot(_ a: Tensor, _ b: Tensor) -> [Double] { (a * b).sum(over: 0, 1, 3).doubles() }
    for context in contexts {
      add(target: dot(context.mixed, context.mixed))
      for (index, decay) in ExponentialWindow.decays.enumerated() {
        let window = ExponentialWindow.mixed(context.values, [Double](repeating: decay, count: heads))
        add(index, cross: dot(window, context.mixed), own: dot(window, window))
      }
    }
  }
}

/// A mixer's matrix and how long the values are that its columns multiply.
struct ObservedMatrix {
  /// [batch, heads, length, length], fp32 or wider.
  let matrix: Tensor
  /// [batch, heads, 1, length], fp32 or wider.
  let lengths: Tensor

  init<Mixer: SequenceMixer>(_ mixer: Mixer, _ operands: Mixer.Operands) {
    matrix = StageLosses.wide(mixer.matrix(operands))
    let values = StageLosses.wide(mixer.values(operands))
    lengths = values.square().sum(over: -1).sqrt().transposed(1, 2).unsqueezed(2)
  }

  /// Every column multiplied by the length of its value.
  var weighted: Tensor { matrix * lengths }
}

/// Sums of squares of a difference and of what it is a difference from.
struct Squares {
  private var difference = 0.0
  private var target = 0.0
  /// ‖difference‖ / ‖target‖; nil when there is nothing to compare with.
  var ratio: Double? { target > 0 ? (difference / target).squareRoot() : nil }

  mutating func add(_ value: Tensor, _ target: Tensor) {
    let wanted = StageLosses.wide(target)
    let difference = StageLosses.wide(value) - wanted
    self.difference += (difference * difference).sum().item()
    self.target += (wanted * wanted).sum().item()
  }
}
