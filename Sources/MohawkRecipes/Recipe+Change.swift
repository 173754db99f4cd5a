/// In what a recipe differs from the one with which a run went on so far.
public struct RecipeChange: Sendable, Equatable {
  /// Such as `distillation.learningRate is 0.0001 and was 0.001`.
  public var differences: [String]
  /// Whether one of them decides numbers of the run.
  public var decides: Bool
  /// Index of the first stage whose numbers are decided by them; nil when all numbers are, or none.
  public var firstStage: Int?
}

extension Recipe {
  /// In what this recipe differs from another one. Paths are compared as the files to which they lead.
  ///
  /// A key of a stage decides nothing before that stage, so that it may change until the stage begins.
  /// - Parameters:
  ///   - other: what it is compared with.
  ///   - stages: what trains, in order; nil stands for `trainingStages`. Keys of other stages decide nothing.
  public func change(from other: Recipe, stages: [StageName]? = nil) -> RecipeChange {
    let stages = stages ?? trainingStages
    let (mine, theirs) = (resolved, other.resolved)
    let keys = RecipeKey.all.filter { $0.text(mine) != $0.text(theirs) }
    let deciding = keys.filter(\.decidesResult)
    var first: Int? = stages.count
    for key in deciding {
      guard let stage = StageName(rawValue: key.group) else {
        first = nil
        break
      }
      if let index = stages.firstIndex(of: stage) { first = first.map { min($0, index) } }
    }
    let decides = first != stages.count
    return RecipeChange(
      differences: keys.map { "\($0.name) is \($0.text(self)) and was \($0.text(other))" }, decides: decides,
      firstStage: decides ? first : nil)
  }
}
