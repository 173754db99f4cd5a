import Foundation
import MohawkFiles

/// `results_*.json` as lm_eval 0.4.13 writes it, so that what reads lm_eval's results reads these.
public struct LMEvalResults {
  /// The model's folder.
  public let model: String
  /// What it reached.
  public let outcomes: [TaskOutcome]
  /// Documents of each task at most; nil for all.
  public let limit: Int?
  /// When the evaluation began.
  public let began: Date
  /// The type that the layers computed in.
  public let precision: String

  /// One argument per property.
  public init(model: String, outcomes: [TaskOutcome], limit: Int?, began: Date, precision: String) {
    self.model = model
    self.outcomes = outcomes
    self.limit = limit
    self.began = began
    self.precision = precision
  }

  /// The content of the file.
  public func json() throws -> Data {
    func each<Value>(_ value: (TaskOutcome) -> Value) -> [String: Value] {
      Dictionary(outcomes.map { ($0.task, value($0)) }) { $1 }
    }
    let name = model.split(separator: "/").suffix(2).joined(separator: "__")
    let root: [String: Any] = [
      "results": each(Self.results), "group_subtasks": [String: Any](), "configs": each(Self.configuration),
      "versions": each(\.version), "n-shot": each(\.shots),
      "higher_is_better": each { Dictionary($0.measures.map { ($0.name, $0.higherIsBetter) }) { $1 } },
      "n-samples": each { ["original": $0.available, "effective": $0.judged] },
      "config": [
        "model": "mohawk", "model_args": ["pretrained": model, "dtype": precision], "device": "cpu",
        "limit": limit.map { $0 as Any } ?? NSNull(), "bootstrap_iters": 100_000, "fewshot_seed": 1234,
      ] as [String: Any],
      "date": began.timeIntervalSince1970, "task_hashes": [String: Any](),
      "model_source": "mohawk", "model_name": model, "model_name_sanitized": name,
      "total_evaluation_time_seconds": "\(outcomes.reduce(0) { $0 + $1.seconds })",
    ]
    return try JSONSerialization.data(
      withJSONObject: root, options: [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes])
  }

  /// Writes the file under lm_eval's name for it into a folder, which is made when it is not there.
  /// - Returns: its path.
  @discardableResult
  public func write(to folder: String) throws -> String {
    try AtomicFolder.ensure(folder)
    let path = "\(folder)/results_\(Self.stamp(began)).json"
    try AtomicFile.write(json(), to: path)
    return path
  }

  /// A moment as lm_eval puts it into names of files, in UTC.
  public static func stamp(_ date: Date) -> String {
    let seconds = date.timeIntervalSince1970
    let whole = Date(timeIntervalSince1970: seconds.rounded(.down))
    let text = whole.ISO8601Format(.iso8601(timeZone: .gmt, includingFractionalSeconds: false))
    let micros = Int((seconds - seconds.rounded(.down)) * 1e6)
    return text.replacingOccurrences(of: "Z", with: "").replacingOccurrences(of: ":", with: "-")
      + "." + String(format: "%06d", micros)
  }

  private static func number(_ value: Double?) -> Any {
    value.flatMap { $0.isFinite ? $0 : nil }.map { $0 as Any } ?? "N/A"
  }

  private static func results(_ outcome: TaskOutcome) -> [String: Any] {
    var result: [String: Any] = ["name": outcome.task, "alias": outcome.task, "sample_len": outcome.judged]
    for measure in outcome.measures {
      result["\(measure.name),none"] = number(measure.value)
      result["\(measure.name)_stderr,none"] = number(measure.standardError)
    }
    return result
  }

  private static func configuration(_ outcome: TaskOutcome) -> [String: Any] {
    [
      "task": outcome.task, "dataset_path": outcome.source, "output_type": outcome.kind,
      "num_fewshot": outcome.shots,
      "metric_list": outcome.measures.map {
        ["metric": $0.name, "higher_is_better": $0.higherIsBetter] as [String: Any]
      },
      "metadata": ["version": outcome.version],
    ]
  }
}
