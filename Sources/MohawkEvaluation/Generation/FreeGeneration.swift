import Foundation
import MohawkFiles
import MohawkModels
import MohawkReports
import MohawkText

/// What a model writes by itself, scored against what its teacher writes and thinks of it.
struct FreeGeneration {
  /// Prompts when no limit is given.
  static let prompts = 32
  /// Tokens of a prompt at most.
  static let promptTokens = 64
  /// New tokens of a continuation.
  static let newTokens = 64

  private let texts: [[UInt8]]
  private let source: String

  /// - Parameter path: text files whose documents' beginnings are continued; nil for built-in stories.
  /// - Throws: `MohawkError` when there is no text.
  init(_ path: String?, _ options: TaskOptions) throws {
    let count = options.limit ?? Self.prompts
    if let path {
      var texts: [[UInt8]] = []
      try Corpus(paths: [path]).visitDocuments {
        if !$0.isEmpty { texts.append($0) }
        return texts.count < count
      }
      guard !texts.isEmpty else {
        throw MohawkError(.invalidValue, "the file holds no text", at: path, remedy: "remove it or fill it")
      }
      self.texts = texts
      source = path
    } else {
      let stories = StoryGenerator(seed: SeededGenerator(seed: options.seed, stream: 0xF4EE).seed)
      texts = (0..<count).map { Array(stories.story(at: $0).utf8) }
      source = "built-in stories, seed \(options.seed)"
    }
  }

  /// Continues all prompts by both models; with a model as its own teacher the numbers are its own bounds.
  func run(_ model: EvaluatedModel, _ teacher: EvaluatedModel, _ progress: @escaping (TaskProgress) -> Void) throws
    -> TaskOutcome
  {
    let longest = min(model.longest ?? .max, teacher.longest ?? .max)
    guard longest > 2 else {
      throw MohawkError(.outOfRange, "the model looks at \(longest) tokens at most", remedy: "use another task")
    }
    let prompts = try texts.map { text in
      // Half of a text at most, so that what is asked for is not the text's end.
      let ids = model.tokenizer.textPrefix + model.tokenizer.encode(text)
      try model.tokenizer.requireRows(ids, rows: min(model.engine.vocabulary, teacher.engine.vocabulary))
      return Array(
        (ids.isEmpty ? [model.encoder.start] : ids).prefix(min(Self.promptTokens, max(1, ids.count / 2), longest / 2)))
    }
    let limit = min(Self.newTokens, longest - (prompts.map(\.count).max() ?? 0))
    let clock = TaskClock(task: "generation", total: prompts.count, report: progress)
    var tokens = 0
    var (mine, theirs): ([[Int32]], [[Int32]]) = ([], [])
    for first in stride(from: 0, to: prompts.count, by: 8) {
      let some = Array(prompts[first..<min(first + 8, prompts.count)])
      mine += GreedyContinuations.of(model, some, limit: limit) { tokens += $0 }
      let same = teacher.engine === model.engine
      theirs += same ? mine.suffix(some.count) : GreedyContinuations.of(teacher, some, limit: limit)
      clock.tell(mine.count, tokens)
    }
    let agreement = zip(mine, theirs).map { mine, theirs in
      Double(zip(mine, theirs).prefix { $0 == $1 }.count)
    }
    let surprise = Self.surprise(of: mine, after: prompts, to: teacher)
    var measures: [TaskOutcome.Measure] = [
      .init(
        "agreeing_tokens", TaskStatistics.mean(agreement), standardError: TaskStatistics.standardError(agreement)),
      .init("teacher_nll", surprise, higherIsBetter: false),
    ]
    for n in 1...3 { measures.append(.init("distinct_\(n)", Self.distinct(n, in: mine))) }
    return TaskOutcome(
      task: "generation", kind: "generate_until", source: source, judged: prompts.count, available: prompts.count,
      measures: measures, tokens: tokens, seconds: clock.seconds)
  }

  /// The mean of −log p of the tokens under a model, in nats; NaN without tokens.
  static func surprise(of texts: [[Int32]], after prompts: [[Int32]], to model: EvaluatedModel) -> Double {
    var likelihood = Likelihood()
    var count = 0
    for (prompt, text) in zip(prompts, texts) where !text.isEmpty {
      let ids = prompt + text
      model.read(ids.dropLast(), model.engine.emptyState(), from: prompt.count - 1) { logits, place in
        likelihood.add(logits, ids[(place + 1)..<(place + 1 + logits.size(0))])
      }
      count += text.count
    }
    return -likelihood.logProbability / Double(count)
  }

  /// How many of all runs of `n` tokens are different ones (Li et al. 2016); NaN without such a run.
  static func distinct(_ n: Int, in texts: [[Int32]]) -> Double {
    var seen: Set<[Int32]> = []
    var count = 0
    for text in texts where text.count >= n {
      for start in 0...(text.count - n) {
        seen.insert(Array(text[start..<start + n]))
        count += 1
      }
    }
    return Double(seen.count) / Double(count)
  }
}
