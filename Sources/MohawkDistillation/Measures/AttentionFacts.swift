import MohawkFiles
import MohawkMixers
import MohawkModels
import MohawkTensor

/// What a Transformer's attention does on a text: where it looks, how sharply, and what lies there.
public struct AttentionFacts: Codable, Sendable, Equatable {
  /// Tokens that were read, in how many sequences.
  public var tokens, sequences: Int
  /// Layers with attention, in order.
  public var layers: [LayerFacts]

  /// One layer at a time, so that no more than one sequence's matrices of a layer are there at once.
  /// - Parameters:
  ///   - model: what is looked at.
  ///   - batches: ids [batch, length], with two tokens a sequence at least.
  ///   - progress: told the layers that are done, and how many the model has.
  /// - Throws: `MohawkError` when no layer has attention.
  public static func measure(
    _ model: any LanguageModel, _ batches: [Tensor], progress: (_ done: Int, _ layers: Int) -> Void = { _, _ in }
  ) throws -> AttentionFacts {
    guard model.blocks.contains(where: { $0.mixer is Attention }) else {
      throw MohawkError(.invalidValue, "no layer of this model has attention", remedy: "name a Transformer or a hybrid")
    }
    return withoutGradients {
      let rows = batches.flatMap { ids in (0..<ids.size(0)).map { ids.narrowed(0, from: $0, length: 1) } }
      var hidden = rows.map { model.embed($0) }
      var layers: [LayerFacts] = []
      for (index, block) in model.blocks.enumerated() {
        if let attention = block.mixer as? Attention {
          layers.append(LayerFacts(index, attention, hidden.map { block.mixerInput($0) }))
        }
        if index + 1 < model.blocks.count {
          for row in hidden.indices { hidden[row] = block(hidden[row]) }
        }
        progress(index + 1, model.blocks.count)
      }
      return AttentionFacts(
        tokens: rows.reduce(0) { $0 + $1.size(1) }, sequences: rows.count, layers: layers)
    }
  }
}

/// What one layer's attention does.
public struct LayerFacts: Codable, Sendable, Equatable {
  /// Counted from 0.
  public var layer: Int
  /// Each on its own.
  public var heads: [HeadFacts]
  /// Errors of the best exponential window of each head, over all heads of the layer: of the matrices, of the matrices
  /// with columns weighted by the lengths of their values, of what the layer puts out.
  public var windowMatrixError, windowWeightedError, windowOutputError: Double?
  /// The same of an average over all tokens so far.
  public var uniformMatrixError, uniformWeightedError, uniformOutputError: Double?

  /// The mean of a fact over the heads; nil where a head has none.
  public func mean(_ fact: (HeadFacts) -> Double?) -> Double? {
    let values = heads.compactMap(fact)
    return values.count == heads.count && !values.isEmpty ? values.reduce(0, +) / Double(values.count) : nil
  }

  init(_ layer: Int, _ attention: Attention, _ inputs: [Tensor]) {
    self.layer = layer
    var sums = HeadSums(heads: attention.heads)
    for input in inputs { sums.add(attention, input) }
    let baselines = AttentionBaselines.measure(attention, inputs) { $0 }
    heads = sums.facts(baselines)
    let (window, uniform) = (baselines.window, baselines.uniform)
    (windowMatrixError, windowWeightedError, windowOutputError) = (window.matrix, window.weighted, window.output)
    (uniformMatrixError, uniformWeightedError, uniformOutputError) = (uniform.matrix, uniform.weighted, uniform.output)
  }
}

/// What one head of an attention does. P is its matrix, v its values; means over sequences.
public struct HeadFacts: Codable, Sendable, Equatable {
  /// The mean weight of the first token, over all tokens but that one: the share of the sink.
  public var sink = 0.0
  /// The mean distance, in tokens, to what is looked at.
  public var lookBack = 0.0
  /// The same of the weight that does not lie on the first token; 0 when all lies there.
  public var lookBackWithoutFirst = 0.0
  /// The mean entropy of a row, in nats.
  public var entropy = 0.0
  /// The mean weight of a token on itself.
  public var diagonal = 0.0
  /// The standard deviation of scale · q·k over all pairs with j ≤ i; nil where a window cuts them short.
  public var scoreDeviation: Double?
  /// ‖v₀‖ over the mean length of the other values.
  public var firstValue = 0.0
  /// The share of ‖P‖² in columns whose values are shorter than half of the sequence's mean.
  public var quietShare = 0.0
  /// Errors of the best exponential window: of the matrix, of the matrix with its columns weighted by the lengths of
  /// their values, of P v. Nil for a head of zeros.
  public var windowMatrixError, windowWeightedError, windowContextError: Double?
  /// Tokens after which half of a token is left in the window that is nearest to P v.
  public var windowHalfLife = 0.0
}

/// Sums over sequences of what becomes facts, a number for each head.
private struct HeadSums {
  private var sequences = 0.0
  private var sink, lookBack, entropy, diagonal, firstValue: [Double]
  private var restDistance, rest, quiet, square: [Double]
  private var scores, scoreSquares: [Double]
  /// Scores that were counted, of a head.
  private var pairs = 0.0
  private var hasScores = true

  init(heads: Int) {
    let zeros = [Double](repeating: 0, count: heads)
    (sink, lookBack, entropy, diagonal, firstValue) = (zeros, zeros, zeros, zeros, zeros)
    (restDistance, rest, quiet, square) = (zeros, zeros, zeros, zeros)
    (scores, scoreSquares) = (zeros, zeros)
  }

  /// Adds one sequence [1, length, modelDim].
  mutating func add(_ attention: Attention, _ input: Tensor) {
    let operands = attention.operands(input, for: .mixing)
    let seen = ObservedMatrix(attention, operands)
    let (matrix, lengths) = (seen.matrix.selected(0, 0), seen.lengths.selected(0, 0))
    let length = matrix.size(1)
    precondition(length > 1, "a sequence of \(length) tokens has nothing to look back to")
    let distances = ExponentialWindow.distances(length).clamped(min: 0).to(matrix.dtype, on: matrix.device)
    let (first, others) = (matrix.narrowed(2, from: 0, length: 1), matrix.narrowed(2, from: 1, length: length - 1))
    let far = distances.narrowed(1, from: 1, length: length - 1)
    sequences += 1
    Self.add(first.narrowed(1, from: 1, length: length - 1).mean(over: 1, 2), to: &sink)
    Self.add((matrix * distances).sum(over: 2).mean(over: 1), to: &lookBack)
    Self.add((others * far).sum(over: 1, 2), to: &restDistance)
    Self.add(others.sum(over: 1, 2), to: &rest)
    Self.add(-(matrix * matrix.clamped(min: 1e-20).log()).sum(over: 2).mean(over: 1), to: &entropy)
    Self.add(matrix.diagonal().mean(over: 1), to: &diagonal)
    let values = lengths.squeezed(1)
    let after = values.narrowed(1, from: 1, length: length - 1).mean(over: 1)
    Self.add(values.selected(1, 0) / after, to: &firstValue)
    let isQuiet = values.less(values.mean(over: 1, keep: true) * 0.5).to(matrix.dtype)
    let columns = matrix.square().sum(over: 1)
    Self.add((columns * isQuiet).sum(over: 1), to: &quiet)
    Self.add(columns.sum(over: 1), to: &square)
    guard case .softmax(let factors) = attention.factoredMatrix(operands).factors else {
      hasScores = false
      return
    }
    let (q, k) = (factors.q.to(.float64).selected(0, 0), factors.k.to(.float64).selected(0, 0))
    let all = (q.matmul(k.repeatedEach(q.size(0) / k.size(0), 0).transposed()) * factors.scale).lowerTriangle()
    pairs += Double(length * (length + 1) / 2)
    Self.add(all.sum(over: 1, 2), to: &scores)
    Self.add(all.square().sum(over: 1, 2), to: &scoreSquares)
  }

  private static func add(_ perHead: Tensor, to sums: inout [Double]) {
    for (head, value) in perHead.doubles().enumerated() { sums[head] += value }
  }

  func facts(_ baselines: AttentionBaselines) -> [HeadFacts] {
    sink.indices.map { head in
      var facts = HeadFacts()
      facts.sink = sink[head] / sequences
      facts.lookBack = lookBack[head] / sequences
      facts.lookBackWithoutFirst = rest[head] > 0 ? restDistance[head] / rest[head] : 0
      facts.entropy = entropy[head] / sequences
      facts.diagonal = diagonal[head] / sequences
      if hasScores {
        let spread = scoreSquares[head] - scores[head] * scores[head] / pairs
        facts.scoreDeviation = (max(0, spread) / (pairs - 1)).squareRoot()
      }
      facts.firstValue = firstValue[head] / sequences
      facts.quietShare = square[head] > 0 ? quiet[head] / square[head] : 0
      facts.windowMatrixError = baselines.matrixWindows[head].error
      facts.windowWeightedError = baselines.weightedWindows[head].error
      facts.windowContextError = baselines.contextWindows[head].error
      facts.windowHalfLife = baselines.contextWindows[head].halfLife
      return facts
    }
  }
}
