import Foundation
import MohawkFiles
import MohawkReports

/// Where everything of a run lies. The folder explains itself.
public struct RunFolder: Sendable {
  public let path: String

  public init(_ path: String) { self.path = path }

  public var recipe: String { path + "/recipe.yaml" }
  public var metrics: String { path + "/metrics.jsonl" }
  public var tensorBoard: String { path + "/tensorboard" }
  public var report: String { path + "/" + RunReport.FileName.report }
  /// Everything that was made of the text.
  var data: String { path + "/data" }
  /// Token shards of training and held-out text.
  public var trainingTokens: String { data + "/train" }
  public var heldOutTokens: String { data + "/validation" }
  /// The tokenizer that a run trained for itself.
  public var tokenizer: String { data + "/tokenizer.json" }
  /// The finished model: an ordinary folder with `config.json`, `model.safetensors` and `tokenizer.json`.
  public var model: String { path + "/model" }

  /// Whether the run has come to its end.
  public var isFinished: Bool { FileManager.default.fileExists(atPath: model + "/config.json") }

  func has(_ path: String) -> Bool { FileManager.default.fileExists(atPath: path) }
}
