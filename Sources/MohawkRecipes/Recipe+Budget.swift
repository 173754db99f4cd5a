extension Recipe {
  /// Optimiser steps that a stage keeps when its budget shrinks, as far as sequences allow.
  static let leastSteps = 50

  /// Tokens of all stages, each counted once, however often a stage goes through them.
  public var tokens: Int { stages.reduce(0) { $0 + self[$1].tokens } }

  /// Divides a total over the stages in proportion to the budgets that they have, in whole batches, at least one each. A
  /// calibration keeps its own, as far as it leaves half of the total. Where a stage would have few steps its batches are
  /// halved, down to one sequence.
  /// - Parameter total: tokens, above 0.
  public mutating func divide(tokens total: Int) {
    var rest = total
    if stages.contains(.calibration) {
      give(.calibration, min(calibration.tokens, total / 2))
      rest -= calibration.tokens
    }
    let others = stages.filter { $0 != .calibration }
    let before = others.reduce(0) { $0 + self[$1].tokens }
    guard before > 0 else { return }
    for stage in others { give(stage, Int(Double(max(1, rest)) * Double(self[stage].tokens) / Double(before))) }
  }

  private mutating func give(_ stage: StageName, _ tokens: Int) {
    var batch = max(1, self[stage].batchTokens)
    while tokens / batch * self[stage].passes < Self.leastSteps, batch.isMultiple(of: 2 * max(1, data.sequenceLength)) {
      batch /= 2
    }
    if let micro = self[stage].microBatchTokens, !batch.isMultiple(of: micro) { self[stage].microBatchTokens = nil }
    self[stage].batchTokens = batch
    self[stage].tokens = max(1, Int((Double(tokens) / Double(batch)).rounded())) * batch
  }
}
