import Foundation
import MohawkFiles
import MohawkRecipes
import MohawkReports

/// Where everything of a run lies. The folder explains itself.
public struct RunFolder: Sendable {
  /// The folder.
  public let path: String

  /// Names the places in a folder; touches nothing.
  public init(_ path: String) {
    var path = Substring(path)
    while path.count > 1 && path.hasSuffix("/") { path.removeLast() }
    self.path = String(path)
  }

  /// The resolved recipe.
  public var recipe: String { path + "/recipe.yaml" }
  /// Every event of training, a line each.
  public var metrics: String { path + "/metrics.jsonl" }
  /// The same for TensorBoard.
  public var tensorBoard: String { path + "/tensorboard" }
  /// A page with curves, matrices and tables.
  public var report: String { path + "/" + RunReport.FileName.report }
  /// Everything that was made of the text.
  var data: String { path + "/data" }
  /// Token shards of training and held-out text.
  public var trainingTokens: String { data + "/train" }
  /// Token shards of held-out text.
  public var heldOutTokens: String { data + "/validation" }
  /// The tokenizer that a run trained for itself.
  public var tokenizer: String { data + "/tokenizer.json" }
  /// The finished model: an ordinary folder with `config.json`, `model.safetensors` and `tokenizer.json`.
  public var model: String { path + "/model" }

  /// The folder of a frame's run.
  public func frame(_ frame: StudentFrame) -> String { "\(path)/frames/\(frame.rawValue)" }

  /// Whether the run has come to its end.
  public var isFinished: Bool { FileManager.default.fileExists(atPath: model + "/config.json") }

  func has(_ path: String) -> Bool { FileManager.default.fileExists(atPath: path) }

  /// Removes unfinished files that killed processes left behind.
  func removeLeftovers() {
    for place in [path, data] {
      let names = (try? FileManager.default.contentsOfDirectory(atPath: place)) ?? []
      for name in names where name.hasPrefix(".partial-") {
        try? FileManager.default.removeItem(atPath: place + "/" + name)
      }
    }
  }
}
