import Foundation
import MohawkFiles
import MohawkRecipes
import MohawkReports

extension RunMerge {
  /// `metrics.jsonl` of the joined run: in every step each layer's loss from the part that trained it.
  func writeMetrics(to folder: RunFolder) throws {
    let logs = try parts.map { try MetricsLog.read($0.folder.metrics) }
    let steps = logs.map { log in
      Dictionary(log.compactMap { if case .step(let record) = $0 { (record.step, record) } else { nil } }) { $1 }
    }
    let log = try MetricsLog(folder.metrics)
    for event in logs[0] {
      switch event {
      case .step(let record): try log.receive(.step(joined(steps.compactMap { $0[record.step] }) ?? record))
      case .started, .stageStarted: try log.receive(event)
      case .stageEnded(let stage, let step, _, let tokens):
        let seconds = logs.flatMap { $0 }.compactMap { event -> Double? in
          if case .stageEnded(stage, step, let seconds, tokens) = event { seconds } else { nil }
        }
        try log.receive(.stageEnded(stage, step: step, seconds: seconds.max() ?? 0, tokens: tokens))
      // Means over some layers are none over all, and checkpoints lie elsewhere.
      case .evaluated, .checkpointed, .ended: break
      }
    }
  }

  /// One step of all parts: layers that a part leaves out have a loss of 0 there.
  private func joined(_ records: [StepRecord]) -> StepRecord? {
    guard var record = records.first, records.count == parts.count else { return nil }
    let layers = records.compactMap(\.perLayer)
    if layers.count == records.count { record.perLayer = Self.sums(layers) }
    record.loss = records.reduce(0) { $0 + $1.loss }
    record.gradientNorm = records.reduce(0) { $0 + $1.gradientNorm * $1.gradientNorm }.squareRoot()
    record.seconds = records.map(\.seconds).max() ?? 0
    record.tokensPerSecond = records.map(\.tokensPerSecond).min() ?? 0
    record.memoryMiB = records.map(\.memoryMiB).max() ?? 0
    record.peakMemoryMiB = records.map(\.peakMemoryMiB).max() ?? 0
    return record
  }

  /// The matrices right after stage 1, as far as the parts have kept them.
  func writeMatrices(to folder: RunFolder) throws {
    let name = RunReport.FileName.orientedMatrices
    let pairs = parts.flatMap { part -> [MatrixPair] in
      guard let data = FileManager.default.contents(atPath: part.folder.path + "/" + name) else { return [] }
      return (try? JSONDecoder().decode([MatrixPair].self, from: data)) ?? []
    }
    guard !pairs.isEmpty else { return }
    try RunReport.save(pairs.sorted { ($0.layer, $0.head) < ($1.layer, $1.head) }, as: name, in: folder.path)
  }
}
