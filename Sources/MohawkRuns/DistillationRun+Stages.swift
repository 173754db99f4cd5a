import MohawkDistillation
import MohawkEvaluation
import MohawkFiles
import MohawkRecipes
import MohawkTensor
import MohawkTraining

extension DistillationRun {
  /// Sequences by which calibration finds each layer's best weights.
  private static let judgedSequences = 2

  /// - Parameter data: nil when the stages are only made to see that they can be.
  func stages(
    _ names: [StageName], _ pair: DistillationPair, _ data: RunData?, _ signals: TeacherSignals?
  ) throws -> [any TrainingStage] {
    try names.map { try stage($0, pair, data, signals) }
  }

  /// What a stage is follows from what it compares.
  private func stage(
    _ name: StageName, _ pair: DistillationPair, _ data: RunData?, _ signals: TeacherSignals?
  ) throws -> any TrainingStage {
    let plan = recipe[name]
    let judged = Array((data?.heldOut ?? []).prefix(4))
    let signals = signals?.part(for: plan.loss) == nil ? nil : signals
    func outputs() -> [Metric] {
      metrics(pair, judged, [("output distance", \.outputs), ("output error", \.outputErrors)])
    }
    switch (name, plan.loss.compares) {
    case (.pretraining, _):
      throw MohawkError(
        .invalidValue, "pretraining is no stage of distillation", at: "stages", remedy: "use mohawk pretrain for it")
    case (.calibration, _):
      // The sequences that the next stage begins with.
      let next = recipe.samples(of: .calibration).upperBound
      let judged = data.map { data in
        let batch = data.batch(samples: next..<next + Self.judgedSequences)
        return batch.narrowed(1, from: 0, length: batch.size(1) - 1)
      }
      return try Calibration(pair, plan, judgedBy: judged, signals: signals, seed: recipe.seed)
    case (_, .matrix):
      return try LayerStage(name, pair, plan, signals: signals, seed: recipe.seed) {
        self.metrics(
          pair, judged,
          [
            ("matrix distance", \.matrices), ("matrix error", \.matrixErrors),
            ("value-weighted matrix error", \.weightedErrors),
          ])
      } finish: {
        if let data, self.settings.writes { try self.keepMatrices(pair, data) }
        self.warn(after: name)
      }
    case (_, .output), (_, .block):
      return try LayerStage(
        name, pair, plan, signals: signals, seed: recipe.seed, evaluation: outputs, finish: { self.warn(after: name) })
    case (_, .hidden):
      return try HiddenStateStage(name, pair, plan, seed: recipe.seed, evaluation: outputs)
    case (_, .logits):
      return try KnowledgeDistillation(pair, plan, as: name, signals: signals, seed: recipe.seed) {
        let comparison = Comparison.measure(teacher: pair.teacher, student: pair.student, judged)
        return [
          Metric("student perplexity", comparison.student.value),
          Metric("teacher perplexity", comparison.teacher.value),
          Metric("KL", comparison.kl), Metric("agreement", comparison.agreement),
        ]
      }
    }
  }

  /// Means over the layers, on the first of these windows.
  private func metrics(
    _ pair: DistillationPair, _ windows: [Tensor], _ parts: [(name: String, KeyPath<LayerDistances, [Double?]>)]
  ) -> [Metric] {
    let ids = windows.prefix(1).map { $0.narrowed(1, from: 0, length: $0.size(1) - 1) }
    let distances = LayerDistances.measure(pair, ids)
    measured = distances
    return parts.map { Metric($0.name, LayerDistances.mean(distances[keyPath: $0.1]) ?? .nan) }
  }
}
