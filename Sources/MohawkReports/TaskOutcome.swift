/// What one model reached in one task.
public struct TaskOutcome: Codable, Sendable, Equatable {
  /// One number of a task.
  public struct Measure: Codable, Sendable, Equatable {
    /// As lm_eval calls it, such as `acc_norm`.
    public var name: String
    /// The value; shares are from 0 to 1.
    public var value: Double
    /// Its standard error, where it has one.
    public var standardError: Double?
    /// Whether more is better.
    public var higherIsBetter: Bool
    /// What guessing reaches, where that is known.
    public var chance: Double?

    /// One argument per property.
    public init(
      _ name: String, _ value: Double, standardError: Double? = nil, higherIsBetter: Bool = true, chance: Double? = nil
    ) {
      self.name = name
      self.value = value
      self.standardError = standardError
      self.higherIsBetter = higherIsBetter
      self.chance = chance
    }
  }

  /// The task's name, such as `hellaswag` or `needle_4096`.
  public var task: String
  /// The version of its form.
  public var version: Double
  /// `multiple_choice`, `loglikelihood`, `loglikelihood_rolling` or `generate_until`, as lm_eval calls them.
  public var kind: String
  /// The file that it was read from, or how it was made.
  public var source: String
  /// Examples before each question.
  public var shots: Int
  /// Documents that were judged.
  public var judged: Int
  /// Documents that there are.
  public var available: Int
  /// What was measured, in the order in which it is shown.
  public var measures: [Measure]
  /// Tokens that the model read.
  public var tokens: Int
  /// How long that took.
  public var seconds: Double

  /// One argument per property.
  public init(
    task: String, version: Double = 1, kind: String, source: String, shots: Int = 0, judged: Int, available: Int,
    measures: [Measure], tokens: Int = 0, seconds: Double = 0
  ) {
    self.task = task
    self.version = version
    self.kind = kind
    self.source = source
    self.shots = shots
    self.judged = judged
    self.available = available
    self.measures = measures
    self.tokens = tokens
    self.seconds = seconds
  }
}
