extension Recipe {
  /// Tokens of all stages.
  public var tokens: Int { stages.reduce(0) { $0 + self[$1].tokens } }

  /// Divides a total over the stages in proportion to the budgets that they have, in whole batches, at least one each.
  /// - Parameter total: tokens, above 0.
  public mutating func divide(tokens total: Int) {
    let before = tokens
    guard before > 0 else { return }
    for stage in stages {
      let batch = max(1, self[stage].batchTokens)
      let share = Double(total) * Double(self[stage].tokens) / Double(before)
      self[stage].tokens = max(1, Int((share / Double(batch)).rounded())) * batch
    }
  }
}
