import MohawkFiles
import MohawkReports

/// The documents of a multiple-choice task as questions.
struct ChoiceTask {
  private let format: ChoiceFormat
  private let source: String
  private let shots: Int
  private let available: Int
  private let questions: [ChoiceQuestion]
  private let locations: [String]

  /// Reads a file and makes its questions.
  /// - Throws: `MohawkError` naming file, line and field of what is missing or wrong.
  init(_ format: ChoiceFormat, _ path: String, _ options: TaskOptions) throws {
    self.format = format
    source = path
    shots = options.shots
    let documents = try TaskDocument.all(path)
    available = documents.count
    let judged = documents.prefix(options.limit ?? documents.count)
    var fewShot: FewShot?
    if shots > 0 { fewShot = try FewShot(shots, from: Self.pool(format, documents, options), format) }
    questions = try judged.map { document in
      var question = try format.question(document)
      let examples = try fewShot?.examples(before: document) ?? []
      for index in question.requests.indices { question.requests[index].context.insert(contentsOf: examples, at: 0) }
      return question
    }
    locations = judged.map(\.location)
  }

  private static func pool(_ format: ChoiceFormat, _ documents: [TaskDocument], _ options: TaskOptions) throws
    -> [TaskDocument]
  {
    if let path = options.examples[format.name] ?? options.examples[String(format.name.prefix { $0 != "_" })] {
      return try TaskDocument.all(path)
    }
    guard format.examplesFromItself else {
      throw MohawkError(
        .invalidValue, "the examples of \(format.name) come from its training file, and none is named",
        remedy: "give --examples \(format.name)=PATH")
    }
    return documents
  }

  /// The tokens of every question's choices.
  /// - Throws: `MohawkError` naming the line of a choice that has no token, or more than the model is shown.
  func pairs(for model: EvaluatedModel) throws -> [[TokenPair]] {
    try zip(questions, locations).map { question, location in
      try question.requests.map { request in
        let pair = try model.encoder.pair(request.context, request.continuation, at: location)
        guard pair.continuation.count <= model.window else {
          throw MohawkError(
            .outOfRange, "a choice has \(pair.continuation.count) tokens, the model is shown \(model.window) at once",
            at: location, remedy: "remove this line, or give a larger --window")
        }
        return pair
      }
    }
  }

  /// Puts the questions to a model.
  func run(_ model: EvaluatedModel, _ progress: @escaping (TaskProgress) -> Void) throws -> (
    TaskOutcome, [TaskSample]
  ) {
    let clock = TaskClock(
      task: format.name, total: questions.reduce(0) { $0 + $1.requests.count }, report: progress)
    let groups = try pairs(for: model)
    var scorer = ContinuationScorer(model: model)
    var tokens = 0
    scorer.progress = {
      tokens = $1
      clock.tell($0, $1)
    }
    let likelihoods = scorer.score(groups)
    let outcome = TaskOutcome(
      task: format.name, version: format.version,
      kind: format.measure == .lastWord ? "loglikelihood" : "multiple_choice", source: source, shots: shots,
      judged: questions.count, available: available, measures: measures(likelihoods), tokens: tokens,
      seconds: clock.seconds)
    return (outcome, samples(likelihoods))
  }

  private func measures(_ likelihoods: [[Likelihood]]) -> [TaskOutcome.Measure] {
    func share(_ name: String, chance: Double?, _ isRight: (ChoiceQuestion, [Likelihood]) -> Bool)
      -> TaskOutcome.Measure
    {
      let values = zip(questions, likelihoods).map { isRight($0, $1) ? 1.0 : 0.0 }
      return .init(
        name, TaskStatistics.mean(values), standardError: TaskStatistics.standardError(values), chance: chance)
    }
    switch format.measure {
    case .lastWord:
      let logs = likelihoods.map { $0[0].logProbability }
      return [
        .init(
          "perplexity", TaskStatistics.perplexity(logs), standardError: TaskStatistics.perplexityError(logs),
          higherIsBetter: false),
        share("acc", chance: nil) { $1[0].isGreedy },
      ]
    case .accuracy(let normalised):
      let chance = TaskStatistics.mean(questions.map { 1 / Double($0.requests.count) })
      let plain = share("acc", chance: chance) { question, likelihoods in
        TaskStatistics.largest(likelihoods.map(\.logProbability)) == question.gold
      }
      guard normalised else { return [plain] }
      let perCharacter = share("acc_norm", chance: chance) { question, likelihoods in
        TaskStatistics.largest(zip(likelihoods, question.lengths).map { $0.logProbability / Double($1) })
          == question.gold
      }
      return [plain, perCharacter]
    }
  }

  private func samples(_ likelihoods: [[Likelihood]]) -> [TaskSample] {
    zip(questions, likelihoods).enumerated().map { index, pair in
      TaskSample(
        document: index, target: pair.0.gold,
        arguments: pair.0.requests.map {
          (String(decoding: $0.context, as: UTF8.self), String(decoding: $0.continuation, as: UTF8.self))
        },
        answers: pair.1.map { ($0.logProbability, $0.isGreedy) })
    }
  }
}
