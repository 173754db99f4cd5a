import MohawkFiles
import MohawkRecipes
import MohawkTensor
import MohawkTraining

/// What the caller of a run provides beside its recipe.
public struct RunSettings {
  /// Told about everything that happens, on the thread that trains.
  public var listeners: [any TrainingListener] = []
  /// Told in one line about long work that is no training.
  public var notice: (String) -> Void = { _ in }
  /// Asked after every step; true saves and ends the run.
  public var shouldStop: () -> Bool = { false }

  /// A stage that is to begin again, with other keys, from the end of the one before it; nil: the run goes on where it is.
  public var from: StageName?

  /// The processes that train together; nil where this one is alone. Rank 0 needs all else that is here, the others none.
  public var ranks: Ranks?

  /// The only layers to train, in the stages that compare layers; nil for a whole run.
  public var part: LayerPart?

  /// Silent and never stopped.
  public init() {}

  /// Whether this process writes into the run's folder.
  var writes: Bool { ranks?.isFirst ?? true }

  /// Lets ranks other than the first wait until the first one has prepared the run.
  /// - Returns: false where there is nothing to train.
  /// - Throws: `MohawkError` when it was asked to stop meanwhile, or rank 0 fails.
  func waitsForTraining() throws -> Bool {
    guard let ranks, !ranks.isFirst else { return true }
    switch try ranks.wait(forOneOf: [RankEvent.prepared, RankEvent.ended], shouldStop: shouldStop) {
    case RankEvent.prepared: return true
    case nil: throw MohawkError(.interrupted, "stopped before rank 0 had prepared the run")
    default: return false
    }
  }
}

/// What rank 0 announces.
public enum RankEvent {
  /// The folder holds all that the other ranks read.
  static let prepared = "prepared"
  /// The run is over.
  public static let ended = "ended"
}

extension Recipe {
  /// Refuses what ranks cannot divide.
  func requireRanks(_ ranks: Ranks?, stages: [StageName]) throws {
    guard let size = ranks?.place.size, size > 1 else { return }
    guard try Device(named: device).usesMainMemory else {
      throw MohawkError(
        .unsupported, "several ranks train on processors only", at: "device", remedy: "set device to cpu")
    }
    guard frames.isEmpty else {
      throw MohawkError(
        .unsupported, "frames are trained by one process", at: "frames",
        remedy: "leave them out, and give the command with --frames when the run has ended, without a launcher")
    }
    for stage in stages where self[stage].batchTokens / data.sequenceLength < size {
      throw MohawkError(
        .invalidValue,
        "a batch of \(self[stage].batchTokens / data.sequenceLength) sequences is not enough for \(size) ranks",
        at: "\(stage.rawValue).batchTokens",
        remedy: "set it to \(size * data.sequenceLength) or more, or start fewer ranks")
    }
  }
}

extension Precision {
  /// The type that layers compute in.
  public var compute: DType {
    switch self {
    case .float32: .float32
    case .bfloat16: .bfloat16
    }
  }
}
