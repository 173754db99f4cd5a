/// How tasks are run.
public struct TaskOptions: Sendable {
  /// Documents of each task at most; nil for all.
  public var limit: Int?
  /// Examples before each multiple-choice question.
  public var shots = 0
  /// The file that the examples of a task are drawn from, by the task's name.
  public var examples: [String: String] = [:]
  /// Decides all synthetic tasks.
  public var seed: UInt64 = 1

  /// All documents, no examples.
  public init() {}
}

/// How far a task is.
public struct TaskProgress: Sendable {
  /// The task's name.
  public let task: String
  /// Finished sequences.
  public let done: Int
  /// All of them.
  public let total: Int
  /// Tokens that have been read.
  public let tokens: Int
  /// Seconds since the task began.
  public let seconds: Double
}

/// One document of a multiple-choice task with what the model said to it.
public struct TaskSample: Sendable {
  /// Its place in the file.
  public let document: Int
  /// The right choice.
  public let target: Int
  /// Context and continuation of each choice.
  public let arguments: [(context: String, continuation: String)]
  /// Log-likelihood of each choice, and whether greedy generation would give it.
  public let answers: [(logProbability: Double, isGreedy: Bool)]
}
