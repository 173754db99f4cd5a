import Foundation
import MohawkFiles
import MohawkReports
import MohawkText

/// Perplexity of whole documents, as lm_eval's tasks of the kind `loglikelihood_rolling` count it.
struct RollingTask {
  private let documents: [[UInt8]]
  private let source: String

  /// Reads text files, or documents from lines of JSON.
  /// - Throws: `MohawkError` when there is no text.
  init(_ path: String, _ options: TaskOptions) throws {
    var documents: [[UInt8]] = []
    try Corpus(paths: [path]).visitDocuments {
      documents.append($0)
      return documents.count < options.limit ?? .max
    }
    guard documents.contains(where: { !$0.isEmpty }) else {
      throw MohawkError(.invalidValue, "the file holds no text", at: path, remedy: "remove it or fill it")
    }
    self.documents = documents
    source = path
  }

  /// Words as lm_eval counts them: the parts between white space, also empty ones at the ends.
  static func words(_ text: [UInt8]) -> Int {
    var count = 1
    var isSpace = false
    for scalar in String(decoding: text, as: UTF8.self).unicodeScalars {
      let next = PythonText.isSpace(scalar)
      if next, !isSpace { count += 1 }
      isSpace = next
    }
    return count
  }

  func run(_ model: EvaluatedModel, _ progress: @escaping (TaskProgress) -> Void) throws -> TaskOutcome {
    let pairs = try documents.flatMap { document in
      let ids = model.encoder.encode(document)
      try model.tokenizer.requireRows(ids, rows: model.engine.vocabulary)
      return RollingWindows.pairs(ids, start: model.encoder.start, window: model.window)
    }
    let clock = TaskClock(task: "perplexity", total: pairs.count, report: progress)
    var scorer = ContinuationScorer(model: model)
    var tokens = 0
    scorer.progress = {
      tokens = $1
      clock.tell($0, $1)
    }
    let total = scorer.score(pairs.map { [$0] }).reduce(0) { $0 + $1[0].logProbability }
    let words = documents.reduce(0) { $0 + Self.words($1) }
    let bytes = documents.reduce(0) { $0 + $1.count }
    let predicted = pairs.reduce(0) { $0 + $1.continuation.count }
    return TaskOutcome(
      task: "perplexity", kind: "loglikelihood_rolling", source: source, judged: documents.count,
      available: documents.count,
      measures: [
        .init("word_perplexity", exp(-total / Double(words)), higherIsBetter: false),
        .init("byte_perplexity", exp(-total / Double(bytes)), higherIsBetter: false),
        .init("bits_per_byte", -total / Double(bytes) / log(2), higherIsBetter: false),
        .init("token_perplexity", exp(-total / Double(predicted)), higherIsBetter: false),
      ], tokens: tokens, seconds: clock.seconds)
  }
}
