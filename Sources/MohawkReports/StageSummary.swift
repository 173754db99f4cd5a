import MohawkRecipes

/// What one stage did, told from the run's events.
public struct StageSummary: Sendable, Equatable {
  /// Which stage.
  public let stage: StageName
  /// All optimiser steps of the stage in order.
  public private(set) var steps: [StepRecord] = []
  /// In the order in which they were made.
  public private(set) var evaluations: [EvaluationRecord] = []
  /// Steps that were planned; 0 when unknown.
  public private(set) var plannedSteps = 0
  /// Whether the stage came to its end.
  public private(set) var isFinished = false
  private var told: (seconds: Double, tokens: Int)?

  /// Seconds in training.
  public var seconds: Double { told?.seconds ?? steps.reduce(0) { $0 + ($1.seconds.isFinite ? $1.seconds : 0) } }
  /// Tokens trained on.
  public var tokens: Int { told?.tokens ?? steps.last?.tokens ?? 0 }
  /// Mean of the first (at most ten, at most a tenth of) finite losses.
  public var firstLoss: Double { Self.mean(finiteLosses.prefix(window)) }
  /// Mean of the last losses, likewise.
  public var lastLoss: Double { Self.mean(finiteLosses.suffix(window)) }
  /// The most memory in use, in MiB.
  public var peakMemoryMiB: Double { steps.map(\.peakMemoryMiB).filter(\.isFinite).max() ?? .nan }

  init(_ stage: StageName) { self.stage = stage }

  /// The stages of a run in the order in which they began.
  public static func all(_ events: [TrainingEvent]) -> [StageSummary] {
    var order: [StageName] = []
    var stages: [StageName: StageSummary] = [:]
    func change(_ name: StageName, _ body: (inout StageSummary) -> Void) {
      if stages[name] == nil { order.append(name) }
      body(&stages[name, default: StageSummary(name)])
    }
    for event in events {
      switch event {
      case .stageStarted(let name, _, let steps, _): change(name) { $0.plannedSteps = steps }
      case .step(let record):
        change(record.stage) {
          $0.steps.append(record)
          $0.plannedSteps = max($0.plannedSteps, record.stageSteps)
        }
      case .evaluated(let record): change(record.stage) { $0.evaluations.append(record) }
      case .stageEnded(let name, _, let seconds, let tokens):
        change(name) {
          $0.isFinished = true
          $0.told = (seconds, tokens)
        }
      case .started, .checkpointed, .ended: break
      }
    }
    return order.map { stages[$0]! }
  }

  /// Mean loss of each layer over the first or the last steps, where the stage has one per layer.
  public func layerLosses(atEnd: Bool) -> [Double]? {
    let records = steps.filter { $0.perLayer != nil }
    let layers = (atEnd ? records.suffix(window) : records.prefix(window)).compactMap(\.perLayer)
    guard let count = layers.map(\.count).min(), count > 0 else { return nil }
    return (0..<count).map { layer in Self.mean(layers.map { $0[layer] }.filter(\.isFinite)) }
  }

  public static func == (a: StageSummary, b: StageSummary) -> Bool {
    a.stage == b.stage && a.steps == b.steps && a.evaluations == b.evaluations && a.plannedSteps == b.plannedSteps
      && a.isFinished == b.isFinished && a.seconds == b.seconds && a.tokens == b.tokens
  }

  private var finiteLosses: [Double] { steps.map(\.loss).filter(\.isFinite) }
  private var window: Int { min(10, max(1, steps.count / 10)) }

  private static func mean(_ values: some Collection<Double>) -> Double {
    values.isEmpty ? .nan : values.reduce(0, +) / Double(values.count)
  }
}
