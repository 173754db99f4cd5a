import MohawkRecipes

/// Keys that were changed before a stage began, or began again.
public struct RunChange: Codable, Sendable, Equatable {
  /// The first stage whose numbers they decide.
  public var stage: StageName
  /// The run's step after which it began.
  public var step: Int
  /// Such as `distillation.learningRate is 0.0001 and was 0.001`.
  public var differences: [String]

  /// One argument per property.
  public init(stage: StageName, step: Int, differences: [String]) {
    self.stage = stage
    self.step = step
    self.differences = differences
  }

  /// What the report says.
  var sentence: String {
    "Changed before \(stage.title), after step \(step) of the run: \(differences.joined(separator: "; "))."
  }
}
