import Foundation
import MohawkDistillation
import MohawkFiles
import MohawkRecipes
import MohawkTensor
import MohawkTraining

/// Whether a peer computes what we compute: the same models and batch give the same loss and gradients.
struct Agreement: Codable {
  var loss: Double
  /// Relative: of the loss, and of all gradients together as one vector.
  var lossError, gradientError: Double
  /// Of the parameter whose gradient differs most.
  var worstError: Double
  var worst: String

  /// How far losses and gradients may be apart.
  static func tolerance(_ precision: Precision) -> (loss: Double, gradient: Double) {
    precision == .float32 ? (1e-4, 1e-3) : (1e-2, 5e-2)
  }

  /// Writes the models, a batch and what the stage makes of it.
  static func export(_ pair: DistillationPair, _ stage: any TrainingStage, _ batch: Tensor, to path: String) throws {
    try stage.begin()
    let loss = try stage.accumulate(batch, share: 1)
    var tensors = [
      ("ids", batch.narrowed(1, from: 0, length: batch.size(1) - 1).copy()), ("loss", loss.total.detached()),
    ]
    for (kind, model) in [("teacher", pair.teacher), ("student", pair.student)] {
      tensors += model.parameters.all.map { ("\(kind).\($0.name)", $0.value.detached()) }
    }
    tensors += stage.parameters.map { ("gradient.\($0.name)", $0.value.gradient!) }
    try Safetensors.write(tensors, to: path)
  }

  /// Options for models that are small enough to be compared.
  static let smallModels = ["--layers", "2", "--vocabulary", "2048", "--batch", "1"]

  /// Asks a peer.
  /// - Parameters:
  ///   - options: what worker and peer are both given.
  ///   - peer: the peer's command with what it is to do.
  init(_ work: Worker.Work, _ options: [String], peer: [String], _ name: String) throws {
    let path = NSTemporaryDirectory() + "mohawk-bench-\(UUID().uuidString).safetensors"
    defer { try? FileManager.default.removeItem(atPath: path) }
    _ = try Self.output(of: "mohawk", Partner.own + ["worker", work.rawValue] + options + ["--export", path])
    let answer = try Self.output(of: name, peer + options + ["--compare", path])
    do {
      self = try JSONDecoder().decode(Agreement.self, from: answer)
    } catch {
      throw MohawkError(.invalidFormat, "\(name) did not say how it compares: \(error)")
    }
  }

  func require(_ precision: Precision, _ what: String) throws {
    let allowed = Self.tolerance(precision)
    guard lossError <= allowed.loss, gradientError <= allowed.gradient else {
      throw MohawkError(
        .mismatch,
        "\(what): the losses are \(lossError) of their size apart and the gradients \(gradientError), most in \(worst)",
        remedy: "nothing is timed before both sides compute the same")
    }
  }

  private static func output(of name: String, _ command: [String]) throws -> Data {
    let process = Process()
    let pipe = Pipe()
    process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
    process.arguments = command
    process.standardOutput = pipe
    try process.run()
    let data = pipe.fileHandleForReading.readDataToEndOfFile()
    process.waitUntilExit()
    guard process.terminationStatus == 0 else {
      throw MohawkError(.interrupted, "\(name) failed", remedy: "its own message is above")
    }
    return data
  }
}
