import Foundation
import MohawkFiles
import MohawkRecipes
import MohawkTensor

/// Where a run stands: everything in a checkpoint that is not a tensor.
public struct CheckpointState: Codable, Sendable, Equatable {
  /// The layout that this version writes and reads.
  public static let currentVersion = 1

  /// The layout of this checkpoint.
  public var version = CheckpointState.currentVersion
  /// Optimiser steps of the run so far.
  public var step: Int
  /// Index of the stage among the run's stages, from 0.
  public var stageIndex: Int
  /// The stage that trains.
  public var stage: StageName
  /// Optimiser steps of the stage so far.
  public var stageStep: Int
  /// Tokens of the stage so far.
  public var stageTokens: Int
  /// Seconds of training in the stage so far, without evaluations and checkpoints.
  public var stageSeconds: Double
  /// Whether the evaluation due at this step was not made before the run was stopped.
  public var evaluationDue = false
  /// Whether the stage is over; then the checkpoint holds no moments and the next stage begins.
  public var stageEnded = false
  /// The fingerprint of the run's recipe.
  public var fingerprint: String
  /// The stage's last losses, newest last, from which a display can go on smoothing.
  public var recentLosses: [Double] = []
  /// Whatever else the run wants back.
  public var extra: [String: String] = [:]
  /// The units of the parameters that have another one than 1, by name; nil in checkpoints from before there were any.
  public var units: [String: Double]?
  /// How many processes have each written the moments of their numbers; nil where one has written all.
  public var ranks: Int?

  /// The other values have their defaults.
  public init(
    step: Int, stageIndex: Int, stage: StageName, stageStep: Int, stageTokens: Int, stageSeconds: Double,
    fingerprint: String
  ) {
    self.step = step
    self.stageIndex = stageIndex
    self.stage = stage
    self.stageStep = stageStep
    self.stageTokens = stageTokens
    self.stageSeconds = stageSeconds
    self.fingerprint = fingerprint
  }
}

/// A complete checkpoint folder.
public struct Checkpoint: Sendable {
  /// The folder, such as `run/checkpoint-000100`.
  public let path: String
  /// Where the run stood.
  public let state: CheckpointState

  /// All weights of the model in training.
  public func model() throws -> SafetensorsFile { try SafetensorsFile(path + "/" + File.model) }
  /// The optimiser's moments; empty at the end of a stage.
  public func moments() throws -> SavedMoments {
    SavedMoments(try File.optimizers(of: state.ranks).map { try SafetensorsFile(path + "/" + $0) })
  }
  /// The states of the random generators.
  public func generators() throws -> SafetensorsFile { try SafetensorsFile(path + "/" + File.generators) }
  /// The resolved recipe as YAML.
  public func recipe() throws -> String {
    try MappedFile(path + "/" + File.recipe).withBytes { String(decoding: $0, as: UTF8.self) }
  }

  /// The recipe with which it was saved.
  public func parsedRecipe() throws -> Recipe {
    try RecipeLoader.parse(try recipe(), source: path + "/" + File.recipe)
  }

  enum File {
    static let model = "model.safetensors"
    /// Of a process that is alone, or of each rank.
    static func optimizers(of ranks: Int?) -> [String] {
      guard let ranks else { return ["optimizer.safetensors"] }
      func number(_ number: Int) -> String { String(String(100_000 + number).dropFirst()) }
      return (1...ranks).map { "optimizer-\(number($0))-of-\(number(ranks)).safetensors" }
    }
    static let generators = "generators.safetensors"
    static let recipe = "recipe.yaml"
    static let state = "state.json"
    /// Those that `state.json` vouches for.
    static func hashedFiles(ranks: Int?) -> [String] { [model] + optimizers(of: ranks) + [generators, recipe] }
  }

  /// What `state.json` holds.
  struct Manifest: Codable {
    var state: CheckpointState
    var files: [String: FileDigest]
  }

  /// Opens a folder.
  /// - Parameter verifying: also read every byte and compare it with what was written; otherwise only sizes.
  /// - Throws: `MohawkError` when something is missing, damaged or of another version.
  init(_ path: String, verifying: Bool) throws {
    let place = path + "/" + File.state
    let data = try MappedFile(place).withBytes { Data($0) }
    let manifest: Manifest
    do {
      struct Versioned: Decodable {
        struct State: Decodable { var version: Int }
        var state: State
      }
      let version = try JSONDecoder().decode(Versioned.self, from: data).state.version
      guard version == CheckpointState.currentVersion else {
        throw MohawkError(
          .unsupported, "the checkpoint has format version \(version), not \(CheckpointState.currentVersion)",
          at: place, remedy: "resume with the version that wrote it")
      }
      manifest = try JSONDecoder().decode(Manifest.self, from: data)
    } catch is DecodingError {
      throw MohawkError(.invalidFormat, "the checkpoint's state cannot be read", at: place)
    }
    if let ranks = manifest.state.ranks, !(1..<100_000).contains(ranks) {
      throw MohawkError(.invalidFormat, "the checkpoint's state names \(ranks) ranks", at: place)
    }
    for name in File.hashedFiles(ranks: manifest.state.ranks) {
      let file = path + "/" + name
      guard let expected = manifest.files[name] else {
        throw MohawkError(.invalidFormat, "the checkpoint's state does not mention \(name)", at: place)
      }
      try expected.require(file, as: "the file", readsAll: verifying)
    }
    self.path = path
    state = manifest.state
  }
}
