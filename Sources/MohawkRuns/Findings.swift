import MohawkDecoding
import MohawkDistillation
import MohawkEvaluation
import MohawkFiles
import MohawkModels
import MohawkReports
import MohawkServing
import MohawkTensor
import MohawkText

/// What is measured of a student beside its teacher, written for the report.
public struct Findings {
  let pair: DistillationPair
  let tokenizer: Tokenizer

  /// Measures `pair` on text of this tokenizer.
  public init(_ pair: DistillationPair, _ tokenizer: Tokenizer) {
    self.pair = pair
    self.tokenizer = tokenizer
  }

  /// Perplexity, divergence and agreement on held-out windows, and the distances of every layer. Of a student with a
  /// window of attention the first three also with it switched off: what its recurrent part does alone.
  /// - Parameters:
  ///   - heldOut: windows [rows, length + 1].
  ///   - bytes: UTF-8 bytes of the tokens that they predict.
  public func summary(_ heldOut: [Tensor], bytes: Int) -> EvaluationSummary {
    let comparison = Comparison.measure(teacher: pair.teacher, student: pair.student, heldOut)
    let ids = heldOut.prefix(2).map { $0.narrowed(1, from: 0, length: $0.size(1) - 1) }
    let distances = LayerDistances.measure(pair, ids)
    let memories = MixerHalfLife.measure(pair, ids)
    let kept = pair.keptLayers
    let baselines = AttentionBaselines.measure(pair.teacher, ids) { !kept.contains($0) }
    var summary = EvaluationSummary(tokens: comparison.student.tokens)
    summary.teacherParameters = pair.teacher.parameters.count
    summary.studentParameters = pair.student.parameters.count
    summary.teacherPerplexity = comparison.teacher.value
    summary.studentPerplexity = comparison.student.value
    summary.agreement = comparison.agreement
    summary.divergence = comparison.kl
    summary.rows = [
      .init(
        "bits per byte", teacher: comparison.teacher.bitsPerByte(bytes: bytes),
        student: comparison.student.bitsPerByte(bytes: bytes))
    ]
    if let windowSwitch = pair.student.windowSwitch {
      let alone = windowSwitch.with(.off) {
        Comparison.measure(teacher: pair.teacher, student: pair.student, heldOut)
      }
      summary.rows += [
        .init("perplexity, window off", teacher: nil, student: alone.student.value),
        .init("KL(teacher ‖ student), window off", teacher: nil, student: alone.kl),
        .init("same most likely token, window off, %", teacher: nil, student: 100 * alone.agreement),
      ]
    }
    summary.layers = pair.student.blocks.indices.map {
      // A mixer that stands for a whole block is not compared with what attention puts out.
      let isPart = !pair.replacesWholeBlock($0)
      return .init(
        layer: $0, matrix: distances.matrices[$0], hidden: distances.outputs[$0],
        matrixError: distances.matrixErrors[$0], outputError: distances.outputErrors[$0],
        weightedError: distances.weightedErrors[$0], halfLives: memories[$0]?.halfLives, skips: memories[$0]?.skips,
        uniform: baselines[$0].map { .init($0.uniform, withOutput: isPart) },
        window: baselines[$0].map { .init($0.window, withOutput: isPart) }, keepsAttention: kept.contains($0),
        mixer: type(of: pair.student.blocks[$0].mixer).kind)
    }
    return summary
  }

  /// The perplexity of a model without a teacher, as the summary's student.
  public static func alone(_ model: any LanguageModel, _ heldOut: [Tensor], bytes: Int) -> EvaluationSummary {
    let perplexity = Perplexity.measure(model, heldOut)
    var summary = EvaluationSummary(tokens: perplexity.tokens)
    summary.studentParameters = model.parameters.count
    summary.studentPerplexity = perplexity.value
    summary.rows = [.init("bits per byte", teacher: nil, student: perplexity.bitsPerByte(bytes: bytes))]
    if let windowSwitch = model.windowSwitch {
      let alone = windowSwitch.with(.off) { Perplexity.measure(model, heldOut) }
      summary.rows.append(.init("perplexity, window off", teacher: nil, student: alone.value))
    }
    return summary
  }

  /// Both models' continuations of the same prompts, with the same seed.
  public func samples(_ prompts: [String], tokens: Int, options: SamplingOptions) throws -> [TextSample] {
    let (teacher, student) = (try generator(pair.teacher), try generator(pair.student))
    return try prompts.map { prompt in
      TextSample(
        prompt: prompt, teacher: try teacher.generate(prompt, limit: tokens, options: options).text,
        student: try student.generate(prompt, limit: tokens, options: options).text)
    }
  }

  private func generator(_ model: any LanguageModel) throws -> TextGenerator {
    try TextGenerator(DecodingEngine(decoder(model)), tokenizer)
  }

  private func decoder(_ model: any LanguageModel) -> Decoder {
    guard let model = model as? Decoder else { preconditionFailure("a model that is no decoder") }
    return model
  }

  /// How often both models recall what a built-in story told earlier; nil when no story is short enough for them.
  public func recall(prompts count: Int) -> EvaluationSummary.Row? {
    let longest = min(pair.teacher.maxLength ?? .max, pair.student.maxLength ?? .max)
    let tasks = StoryGenerator.recallPrompts(count: count, seed: 0).map {
      (prompt: tokenizer.encode($0.prompt), answer: tokenizer.encode($0.answer))
    }.filter { $0.prompt.count + $0.answer.count <= longest }
    guard !tasks.isEmpty else { return nil }
    return .init(
      "recall in stories", teacher: Recall.accuracy(pair.teacher, tasks), student: Recall.accuracy(pair.student, tasks))
  }

  /// What the next token costs after contexts of different lengths, for both models.
  /// - Parameters:
  ///   - contexts: tokens read before; those too long for a model are left out.
  ///   - ids: tokens to fill the contexts with.
  public func decodeCosts(contexts: [Int], ids: [Int32]) -> [DecodeCost] {
    [("teacher", pair.teacher), ("student", pair.student)].flatMap { name, model in
      let decoder = decoder(model)
      return contexts.filter { context in context + 20 <= decoder.maxLength ?? .max }.map { context in
        let cost = DecodeSpeed.measure(decoder, context: context, filledWith: ids)
        return DecodeCost(
          model: name, context: context, millisecondsPerToken: cost.milliseconds,
          stateMiB: Double(cost.stateBytes) / 1_048_576)
      }
    }
  }

  /// The mixing matrices of teacher and student over the same text.
  /// - Parameters:
  ///   - ids: [1, length]
  ///   - layers: at most this many layers, evenly spread.
  ///   - heads: at most this many heads of each, evenly spread.
  public func matrices(_ ids: Tensor, layers: Int = 8, heads: Int = 4) -> [MatrixPair] {
    guard pair.hasEqualHeads else { return [] }
    let kept = pair.keptLayers
    let compared = pair.student.blocks.indices.filter { !kept.contains($0) }
    let chosen = Set(spread(compared.count, layers).map { compared[$0] })
    return withoutGradients {
      var result: [MatrixPair] = []
      var hidden = pair.teacher.embed(ids)
      for (index, block) in pair.teacher.blocks.enumerated() {
        if chosen.contains(index) {
          let teacher = block.mixer.matrix(of: block.mixerInput(hidden))
          let mine = pair.student.blocks[index]
          let student = mine.mixer.matrix(of: mine.mixerInput(hidden))
          for head in spread(block.mixer.heads, heads) {
            result.append(
              MatrixPair(
                layer: index, head: head, size: ids.size(1),
                teacher: teacher.selected(0, 0).selected(0, head).floats(),
                student: student.selected(0, 0).selected(0, head).floats()))
          }
        }
        hidden = block(hidden)
      }
      return result
    }
  }

  private func spread(_ count: Int, _ most: Int) -> [Int] {
    let wanted = min(count, most)
    return (0..<wanted).map { wanted == 1 ? 0 : $0 * (count - 1) / (wanted - 1) }
  }
}

extension EvaluationSummary.Errors {
  init(_ errors: RelativeErrors, withOutput: Bool) {
    self.init(matrix: errors.matrix, weighted: errors.weighted, output: withOutput ? errors.output : nil)
  }
}
