import Foundation
import MohawkFiles
import MohawkRecipes

/// Writes `metrics.jsonl`: one JSON object per event and line, on disk before the next step starts.
///
/// After a resume the file reads like that of a run that was never stopped: later steps are dropped, and what the
/// resumed run reports again is written once.
public final class MetricsLog: TrainingListener {
  private let file: GrowingFile
  private let encoder = JSONEncoder()
  /// What must not be written again; emptied by the first step past the resumed one.
  private var known: Set<String>
  private let resumed: Int

  /// Starts a log, or goes on with one.
  /// - Parameters:
  ///   - path: of the `metrics.jsonl`.
  ///   - step: `nil` for a new run, whose log must not exist yet; otherwise the step of the checkpoint from which the
  ///     run goes on (0: from the start), after which everything is dropped.
  /// - Throws: `MohawkError`.
  public init(_ path: String, resumingAfter step: Int? = nil) throws {
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    resumed = step ?? 0
    if let step {
      known = Set(try Self.truncate(path, after: step).compactMap(Self.identity))
    } else {
      let attributes = try? FileManager.default.attributesOfItem(atPath: path)
      if let size = attributes?[.size] as? Int, size > 0 {
        throw MohawkError(
          .alreadyInUse, "there is already a log of a run", at: path, remedy: "resume that run or choose a new folder")
      }
      known = []
    }
    file = try GrowingFile(path)
  }

  /// Appends one line, handed to the system before this returns.
  public func receive(_ event: TrainingEvent) throws {
    if let identity = Self.identity(event) {
      if known.contains(identity) { return }
      if case .step(let record) = event, record.step > resumed { known = known.filter { $0 == "started" } }
    }
    try file.append(Array(encoder.encode(event)) + [UInt8(ascii: "\n")])
  }

  /// What two reports of the same event have in common; `nil` for the end of the run, which may be reported again.
  private static func identity(_ event: TrainingEvent) -> String? {
    switch event {
    case .started: "started"
    case .stageStarted(let stage, _, _, _): "stageStarted \(stage)"
    case .step(let record): "step \(record.step)"
    case .evaluated(let record): "evaluated \(record.stage) \(record.step)"
    case .checkpointed(_, let step): "checkpointed \(step)"
    case .stageEnded(let stage, _, _, _): "stageEnded \(stage)"
    case .ended: nil
    }
  }
}
