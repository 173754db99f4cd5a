import MohawkFiles
import MohawkRecipes
import MohawkReports

/// A task that has been read and checked, ready to be put to models.
public struct EvaluationTask {
  private enum Body {
    case choices(ChoiceTask)
    case perplexity(RollingTask)
    case recall(RecallTask)
    case generation(FreeGeneration)
  }

  /// Such as `hellaswag` or `needle`.
  public let name: String
  private let body: Body

  /// Names of tasks that read a file, which stands behind `=`.
  public static let fileNames = ChoiceFormat.all.map(\.name) + ["perplexity"]
  /// Names of tasks that are made up for the model's tokenizer; sizes may stand behind `=`.
  public static let recallNames = RecallFormat.all.map(\.name)
  /// Names that stand for others.
  static let groups = [
    "recall": ["phonebook", "copying", "copying_tokens", "mqar"], "lambada": ["lambada_openai"],
  ]

  /// Reads tasks that are named such as `hellaswag=validation.jsonl`, `needle=1024+32768` or `recall`.
  /// - Throws: `MohawkError` naming what is unknown, missing or wrong, with file and line where it has one.
  public static func all(_ named: [String], _ options: TaskOptions = TaskOptions()) throws -> [EvaluationTask] {
    guard !named.isEmpty else {
      throw MohawkError(.invalidValue, "no task is named", remedy: "name some of \(known.joined(separator: ", "))")
    }
    for name in options.examples.keys where !ChoiceFormat.all.map(\.name).contains(canonical(name)) {
      throw unknown(name, among: ChoiceFormat.all.map(\.name))
    }
    let tasks = try named.flatMap { entry in
      let parts = entry.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
      let names = groups[parts[0]] ?? [parts[0]]
      return try names.map { try EvaluationTask($0, parts.count > 1 ? parts[1] : nil, options) }
    }
    var seen: Set<String> = []
    for task in tasks where !seen.insert(task.name).inserted {
      throw MohawkError(.invalidValue, "the task \(task.name) is named twice", remedy: "name it once")
    }
    return tasks
  }

  private init(_ name: String, _ value: String?, _ options: TaskOptions) throws {
    self.name = name
    if let limit = options.limit, limit < 1 {
      throw MohawkError(.invalidValue, "the limit of documents is \(limit), it must be 1 or more")
    }
    if options.shots < 0 {
      throw MohawkError(.invalidValue, "the number of examples is \(options.shots), it must be 0 or more")
    }
    if let format = ChoiceFormat.all.first(where: { $0.name == name }) {
      body = .choices(try ChoiceTask(format, try Self.file(name, value), options))
    } else if name == "perplexity" {
      body = .perplexity(try RollingTask(try Self.file(name, value), options))
    } else if let format = RecallFormat.all.first(where: { $0.name == name }) {
      body = .recall(try RecallTask(format, value, options))
    } else if name == "generation" {
      body = .generation(try FreeGeneration(value, options))
    } else {
      throw Self.unknown(name, among: Self.known)
    }
  }

  /// Makes sure that all of the task can be put to a model, before hours of work end at what cannot.
  /// - Throws: `MohawkError` naming what the model cannot look at.
  public func requireFit(_ model: EvaluatedModel) throws {
    switch body {
    case .choices(let task): _ = try task.pairs(for: model)
    case .recall(let task): _ = try task.problems(for: model)
    case .perplexity, .generation: break
    }
  }

  /// Puts the task to a model.
  /// - Parameters:
  ///   - model: the model.
  ///   - teacher: what free generation is scored against.
  ///   - progress: told now and then how far it is.
  /// - Returns: an outcome for each size of the task, and the documents of a multiple-choice task.
  public func run(
    _ model: EvaluatedModel, teacher: EvaluatedModel? = nil, progress: @escaping (TaskProgress) -> Void = { _ in }
  ) throws -> (outcomes: [TaskOutcome], samples: [TaskSample]) {
    switch body {
    case .choices(let task):
      let (outcome, samples) = try task.run(model, progress)
      return ([outcome], samples)
    case .perplexity(let task): return ([try task.run(model, progress)], [])
    case .recall(let task): return (try task.run(model, progress), [])
    case .generation(let task): return ([try task.run(model, teacher ?? model, progress)], [])
    }
  }

  private static var known: [String] { fileNames + recallNames + ["generation"] + groups.keys.sorted() }

  private static func canonical(_ name: String) -> String { groups[name]?.first ?? name }

  private static func unknown(_ name: String, among names: [String]) -> MohawkError {
    let hint = NearestName.hint(name, among: names)
    return MohawkError(
      .unknownKey, "'\(name)' is not a task", remedy: hint ?? "the tasks are \(names.joined(separator: ", "))")
  }

  private static func file(_ name: String, _ value: String?) throws -> String {
    guard let value, !value.isEmpty else {
      throw MohawkError(.invalidValue, "the task \(name) needs a file", remedy: "write \(name)=PATH")
    }
    return value
  }
}
