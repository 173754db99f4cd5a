import MohawkFiles
import MohawkReports

/// A made-up task in some sizes.
struct RecallTask {
  private let format: RecallFormat
  /// Those that were asked for by name; nil for the format's own.
  private let named: [Int]?
  private let limit: Int?
  private let seed: UInt64

  /// - Parameter sizes: such as `1024+4096`.
  init(_ format: RecallFormat, _ sizes: String?, _ options: TaskOptions) throws {
    self.format = format
    limit = options.limit
    seed = options.seed
    named = try sizes.map { text in
      try text.split(separator: "+", omittingEmptySubsequences: false).map { part in
        guard let size = Int(part), size > 1 else {
          throw MohawkError(
            .invalidValue, "'\(part)' is no size of \(format.name)",
            remedy:
              "give numbers of \(format.unit) above 1, such as \(format.name)=\(format.sizes[0])+\(format.sizes[1])")
        }
        return size
      }
    }
    for (index, size) in (named ?? []).enumerated() where named!.prefix(index).contains(size) {
      throw MohawkError(.invalidValue, "the size \(size) of \(format.name) is named twice", remedy: "name it once")
    }
  }

  /// The problems of each size that a model can look at.
  /// - Throws: `MohawkError` when a named size is beyond it, or every size.
  func problems(for model: EvaluatedModel) throws -> [(size: Int, problems: [RecallProblem])] {
    let source = TokenSource(model.tokenizer)
    var found: [(size: Int, problems: [RecallProblem])] = []
    var shortest = Int.max
    for size in named ?? format.sizes {
      let count = limit ?? format.problems
      let problems = try format.problems(count, size: size, source, seed: seed)
      let length = problems.map(\.ids.count).max() ?? 0
      shortest = min(shortest, length)
      if length - 1 > model.longest ?? .max {
        if named == nil { continue }
        throw MohawkError(
          .outOfRange,
          "\(format.name)=\(size) has \(length) tokens, the model looks at \(model.longest ?? 0) at most",
          remedy: "choose a smaller size")
      }
      found.append((size, problems))
    }
    guard !found.isEmpty else {
      throw MohawkError(
        .outOfRange,
        "\(format.name) has \(shortest) tokens at least, the model looks at \(model.longest ?? 0) at most",
        remedy: "name a smaller size, as in \(format.name)=\(max(2, format.sizes[0] / 4))")
    }
    return found
  }

  func run(_ model: EvaluatedModel, _ progress: @escaping (TaskProgress) -> Void) throws -> [TaskOutcome] {
    try problems(for: model).map { outcome($0.size, $0.problems, model, progress) }
  }

  private func outcome(
    _ size: Int, _ problems: [RecallProblem], _ model: EvaluatedModel, _ progress: @escaping (TaskProgress) -> Void
  ) -> TaskOutcome {
    let name = "\(format.name)_\(size)"
    let clock = TaskClock(task: name, total: problems.count, report: progress)
    var tokens = 0
    var scores: [RecallScore] = []
    for problem in problems {
      scores.append(RecallScore(problem, by: model))
      tokens += problem.ids.count - 1
      clock.tell(scores.count, tokens)
    }
    func share(_ name: String, _ values: [Double], chance: Double?) -> TaskOutcome.Measure {
      .init(name, TaskStatistics.mean(values), standardError: TaskStatistics.standardError(values), chance: chance)
    }
    var measures = [share("exact_match", scores.map(\.exact), chance: format.chance(size))]
    // Of answers of one token both are the same.
    if problems.contains(where: { $0.answers.contains { $0.count > 1 } }) {
      measures.append(share("token_acc", scores.map(\.tokens), chance: nil))
    }
    let groups = problems.compactMap(\.group)
    var seen: Set<String> = []
    for group in groups where seen.insert(group).inserted {
      let own = zip(problems, scores).filter { $0.0.group == group }.map(\.1.exact)
      measures.append(share("exact_match_\(group)", own, chance: nil))
    }
    return TaskOutcome(
      task: name, kind: "generate_until", source: "made up, seed \(seed)", judged: problems.count,
      available: problems.count, measures: measures, tokens: tokens, seconds: clock.seconds)
  }
}
