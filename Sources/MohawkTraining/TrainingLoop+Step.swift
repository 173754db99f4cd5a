import MohawkFiles
import MohawkLayers
import MohawkRecipes
import MohawkTensor

extension TrainingLoop {
  /// One optimiser step: batch, gradients, clipping, update. The device is waited for once, at the end of the backward
  /// pass. When loss or gradient is not finite the weights are left as they were.
  func trainStep(_ stage: any TrainingStage) throws -> StepRecord {
    let start = ContinuousClock.now
    let plan = stage.plan
    let optimizer = self.optimizer!
    let exchange = ranks.map { ShardExchange(ranks: $0, shards: optimizer.shards!) }
    let sum = exchange.map { GradientSum($0, optimizer.parameters, order: bucketOrder) }
    var losses = try accumulate(stage, try batches(stageIndex, stageStep), sum)
    let gradients =
      try sum?.finish()
      ?? optimizer.parameters.map { parameter in
        guard let gradient = parameter.value.gradient else {
          preconditionFailure("stage \(stage.name.rawValue): \(parameter.name) moves but got no gradient")
        }
        return gradient
      }
    var norm = 0.0
    var norms: [Int: Double] = [:]
    if let ranks, let sum {
      (losses, norm, norms) = try agree(on: losses, gradients, stage.clipGroups, found: sum.found, ranks)
    } else {
      norm = optimizer.norm(of: gradients)
      if let groups = stage.clipGroups { norms = optimizer.norms(of: gradients, groups: groups) }
    }
    guard losses.allSatisfy(\.isFinite), norm.isFinite else {
      throw notFinite(stage, losses, norm, gradients)
    }
    var scale = 1.0
    if let groups = stage.clipGroups {
      optimizer.clip(gradients, groups: groups, norms: norms, limit: plan.clip)
    } else {
      scale = GradientClip.scale(norm: norm, limit: plan.clip)
    }
    let learningRate = plan.schedule.learningRate(at: stageStep)
    optimizer.update(gradients: gradients, learningRate: learningRate, gradientScale: scale)
    try exchange?.gather(optimizer.parameters.map(\.value))
    for parameter in optimizer.parameters { parameter.value.gradient = nil }

    stageStep += 1
    stageTokens += plan.batchTokens
    let seconds = (ContinuousClock.now - start).seconds
    clock.add(tokens: plan.batchTokens, seconds: seconds)
    recentLosses = recentLosses.suffix(99) + [losses[0]]
    let speed = clock.tokensPerSecond
    let memory = ProcessMemory.current()
    return StepRecord(
      stage: stage.name, step: step, stageStep: stageStep, stageSteps: plan.steps, tokens: stageTokens,
      loss: losses[0], perLayer: losses.count > 1 ? Array(losses[1...]) : nil, learningRate: learningRate,
      gradientNorm: norm, tokensPerSecond: speed, seconds: seconds, memoryMiB: memory.resident,
      peakMemoryMiB: memory.peak, eta: speed > 0 ? Double(tokensAhead) / speed : 0)
  }

  /// Adds up what every rank has found for its rows. Ranks hear with it whether one of them was asked to stop, whether
  /// rank 0 wants to save, and after a stage's first step in which order rank 0 has found the buckets of gradients.
  /// - Parameter gradients: one per parameter, with the sums over all ranks in what this rank moves.
  /// - Returns: the losses, and the norms of all gradients and of groups of them.
  private func agree(
    on losses: [Double], _ gradients: [Tensor], _ groups: [Int]?, found: [Int], _ ranks: Ranks
  ) throws -> ([Double], Double, [Int: Double]) {
    let optimizer = self.optimizer!
    let groups = groups ?? optimizer.parameters.map { _ in 0 }
    let own = optimizer.norms(of: gradients, groups: groups).sorted { $0.key < $1.key }
    let flags = [shouldStop() ? 1.0 : 0, ranks.isFirst && isLongSinceSaved ? 1 : 0]
    let order = bucketOrder == nil ? found.map { ranks.isFirst ? Double($0) : 0 } : []
    let all = try ranks.sum(flags + order + own.map { $0.value * $0.value } + losses)
    isAgreedToStop = all[0] > 0
    isAgreedToSave = all[1] > 0
    let rest = all.dropFirst(2 + order.count)
    if bucketOrder == nil { bucketOrder = all[2..<2 + order.count].map { Int($0) } }
    let squares = rest.prefix(own.count)
    return (
      Array(rest.dropFirst(own.count)), squares.reduce(0, +).squareRoot(),
      Dictionary(uniqueKeysWithValues: zip(own.map(\.key), squares.map { $0.squareRoot() }))
    )
  }

  /// Forward and backward over the micro-batches of a batch, or over this rank's rows of it; micro-batches are as small as
  /// the plan says and the stage likes them.
  /// - Parameter sum: sends gradients to other ranks while the last micro-batch finds them.
  /// - Returns: the batch's loss, then those of the layers.
  private func accumulate(
    _ stage: any TrainingStage, _ batch: TrainingBatch, _ sum: GradientSum?
  ) throws -> [Double] {
    let plan = stage.plan
    precondition(batch.lossMask == nil || stage.takesLossMask, "stage \(stage.name.rawValue) takes no loss mask")
    let (rows, length) = (batch.tokens.size(0), batch.tokens.size(1) - 1)
    precondition(
      rows > 0 && rows * length == plan.batchTokens,
      "a batch of \(rows) rows of \(length) tokens is not one of \(plan.batchTokens) tokens")
    let planned = plan.microBatchTokens.map { max(1, $0 / length) } ?? rows
    let microRows = min(planned, stage.rowsAtOnce(length: length) ?? rows)
    let mine = ranks?.place.share(of: rows) ?? 0..<rows
    precondition(!mine.isEmpty, "a batch of \(rows) rows has none for rank \(ranks?.place.rank ?? 0)")
    var losses: Tensor?
    for first in stride(from: mine.lowerBound, to: mine.upperBound, by: microRows) {
      let part = batch.rows(first..<min(first + microRows, mine.upperBound))
      let share = Double(part.lossTokens) / Double(batch.lossTokens)
      let isLast = first + microRows >= mine.upperBound
      let loss =
        try (isLast ? sum : nil)?.during { try stage.accumulate(part, share: share) }
        ?? stage.accumulate(part, share: share)
      withoutGradients {
        let parts = ([loss.total] + loss.perLayer).map { $0.detached().to(.float64).reshaped([]) }
        let shared = Tensor.stacked(parts) * share
        losses = losses.map { $0 + shared } ?? shared
      }
    }
    return losses!.doubles()
  }

  /// Tokens of all steps to come.
  private var tokensAhead: Int {
    stages[stageIndex...].reduce(-stageTokens) { $0 + $1.plan.steps * $1.plan.batchTokens }
  }

  private func notFinite(
    _ stage: any TrainingStage, _ losses: [Double], _ norm: Double, _ gradients: [Tensor]
  ) -> MohawkError {
    let layers = losses.indices.dropFirst().filter { !losses[$0].isFinite }.map { "layer \($0 - 1)" }
    let names = zip(optimizer!.parameters, gradients).lazy.filter { _, gradient in
      withoutGradients { gradient.isFinite().all().intItem() == 0 }
    }.map(\.0.name)
    let shown = Array((layers.isEmpty ? Array(names.prefix(4)) : layers).prefix(4))
    let culprits = shown.isEmpty ? "" : " in \(shown.joined(separator: ", "))"
    let what = losses.first { !$0.isFinite }.map { "the loss is \($0)" } ?? "the gradient's norm is \(norm)"
    let last = lastCheckpoint.map { "last good checkpoint: \($0)" } ?? "there is no checkpoint yet"
    return MohawkError(
      .notFinite, "\(what)\(culprits)",
      at: "stage \(stage.name.rawValue), step \(stageStep + 1) of \(stage.plan.steps) (step \(step + 1) of the run)",
      remedy:
        "\(last); a lower learning rate or stronger clipping may help: continue with --from \(stage.name.rawValue) --set \(stage.name.rawValue).learningRate=\(stage.plan.learningRate / 4)"
    )
  }
}
