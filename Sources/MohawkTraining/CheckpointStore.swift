import Foundation
import MohawkFiles
import MohawkTensor

/// The checkpoints of one run: folders `checkpoint-000100`, named by step, each whole or not there at all.
///
/// One process at a time may write; see `RunLock`.
public struct CheckpointStore: Sendable {
  /// The run's folder.
  public let folder: String
  /// How many checkpoints stay.
  public let keep: Int

  /// - Parameters:
  ///   - folder: the run's folder; made by the first `save`.
  ///   - keep: how many checkpoints stay, at least 1.
  public init(folder: String, keep: Int = 2) {
    precondition(keep >= 1, "at least one checkpoint must stay")
    self.folder = folder
    self.keep = keep
  }

  /// The folder of the checkpoint after `step` steps.
  public func path(step: Int) -> String {
    let digits = String(step)
    return "\(folder)/\(Self.prefix)\(String(repeating: "0", count: max(0, 6 - digits.count)))\(digits)"
  }

  /// Writes a checkpoint, all or nothing, then removes the oldest complete ones beyond `keep`.
  /// - Parameters:
  ///   - state: where the run stands.
  ///   - recipe: the resolved recipe as YAML.
  ///   - model: all parameters by name.
  ///   - optimizer: the moments by name.
  ///   - generators: the states of random generators by name.
  ///   - ranks: the processes that each write their moments with `saveMoments`, this one being the first of them; nil where
  ///     `optimizer` are all.
  /// - Returns: the checkpoint's folder.
  /// - Throws: `MohawkError` when the disk is full or the folder cannot be written; older checkpoints stay.
  @discardableResult
  public func save(
    _ state: CheckpointState, recipe: String, model: [(name: String, tensor: Tensor)],
    optimizer: [(name: String, tensor: Tensor)], generators: [(name: String, tensor: Tensor)], ranks: Ranks? = nil
  ) throws -> String {
    typealias File = Checkpoint.File
    let path = path(step: state.step)
    var state = state
    if let ranks { state.ranks = ranks.place.size }
    try AtomicFolder.ensure(folder)
    try AtomicFolder.create(path) { partial in
      try ranks?.meet()  // the others may begin to write
      try Safetensors.write(model, metadata: ["format": "pt"], to: partial + "/" + File.model)
      try Safetensors.write(optimizer, to: partial + "/" + File.optimizers(of: state.ranks)[0])
      try Safetensors.write(generators, to: partial + "/" + File.generators)
      try AtomicFile.write(recipe, to: partial + "/" + File.recipe)
      try ranks?.meet()  // all have written
      let digests = try File.hashedFiles(ranks: state.ranks).map { ($0, try FileDigest(of: partial + "/" + $0)) }
      let manifest = Checkpoint.Manifest(state: state, files: Dictionary(uniqueKeysWithValues: digests))
      let encoder = JSONEncoder()
      encoder.outputFormatting = [.prettyPrinted, .sortedKeys]
      try AtomicFile.write(try encoder.encode(manifest), to: partial + "/" + File.state)
    }
    prune(after: state.step)
    return path
  }

  /// Writes the moments of a rank other than the first into the checkpoint that the first one saves meanwhile.
  /// - Parameters:
  ///   - moments: by name.
  ///   - step: of the checkpoint.
  ///   - ranks: this process and the others.
  /// - Throws: `MohawkError` when the disk is full or another rank has failed; there is no such checkpoint then.
  func saveMoments(_ moments: [(name: String, tensor: Tensor)], step: Int, _ ranks: Ranks) throws {
    try ranks.meet()
    let name = Checkpoint.File.optimizers(of: ranks.place.size)[ranks.place.rank]
    try Safetensors.write(moments, to: AtomicFolder.partial(path(step: step)) + "/" + name)
    try ranks.meet()
  }

  /// A checkpoint that cannot be used, and why.
  public struct Skipped: Sendable, Equatable {
    /// The checkpoint's folder.
    public let path: String
    /// What is wrong with it.
    public let reason: MohawkError
  }

  /// The newest checkpoint that is complete and unchanged since it was written, and the newer ones passed over.
  ///
  /// Every byte of the candidates is read.
  /// - Throws: `MohawkError` when the folder cannot be read.
  public func newest() throws -> (checkpoint: Checkpoint?, skipped: [Skipped]) {
    var skipped: [Skipped] = []
    for path in try folders().reversed() {
      do {
        return (try Checkpoint(path, verifying: true), skipped)
      } catch let error as MohawkError {
        skipped.append(Skipped(path: path, reason: error))
      }
    }
    return (nil, skipped)
  }

  /// Removes what killed writers left behind: unfinished folders, and halves of a replacement.
  public func removeLeftovers() throws {
    let files = FileManager.default
    for name in try names() {
      let path = folder + "/" + name
      if name.hasPrefix(".partial-" + Self.prefix) { try? files.removeItem(atPath: path) }
      if name.hasPrefix(".replaced-" + Self.prefix) {
        // The process died between moving the old folder away and moving the new one in: the old one is still good.
        let original = folder + "/" + name.dropFirst(".replaced-".count)
        if files.fileExists(atPath: original) {
          try? files.removeItem(atPath: path)
        } else {
          try? files.moveItem(atPath: path, toPath: original)
        }
      }
    }
  }

  /// The folders named like checkpoints, oldest first, whatever their state.
  public func folders() throws -> [String] {
    let steps = try names().compactMap { name -> Int? in
      guard name.hasPrefix(Self.prefix), let step = Int(name.dropFirst(Self.prefix.count)), step >= 0 else {
        return nil
      }
      return path(step: step) == folder + "/" + name ? step : nil
    }
    return steps.sorted().map { path(step: $0) }
  }

  private static let prefix = "checkpoint-"

  /// Everything in the folder; nothing when there is no folder yet.
  private func names() throws -> [String] {
    guard FileManager.default.fileExists(atPath: folder) else { return [] }
    do {
      return try FileManager.default.contentsOfDirectory(atPath: folder)
    } catch {
      throw MohawkError(
        .notReadable, "the run's folder cannot be listed", at: folder, remedy: "check that it is a folder of yours")
    }
  }

  /// Where the newest complete checkpoint stands; its weights are not read.
  public func newestState() throws -> CheckpointState? {
    try folders().reversed().lazy.compactMap { try? Checkpoint($0, verifying: false).state }.first
  }

  /// The newest good checkpoint at the end of the stage with this index; it stays as long as the stage after it trains.
  /// - Throws: `MohawkError` when the folder cannot be read.
  public func end(ofStage index: Int) throws -> Checkpoint? {
    for path in try folders().reversed() {
      guard let state = try? Checkpoint(path, verifying: false).state, state.stageEnded, state.stageIndex == index
      else { continue }
      return try Checkpoint(path, verifying: true)
    }
    return nil
  }

  /// Removes the checkpoints after `step`: the run goes on from there in another way.
  public func removeAll(after step: Int) throws {
    let last = path(step: step)
    for path in try folders().reversed() {
      if path == last { break }
      if let number = Int(path.split(separator: "-").last ?? ""), number > step { remove(path) }
    }
  }

  /// Removes complete checkpoints beyond the newest `keep` up to `step`, and damaged ones older than those; the end of
  /// the stage before stays, so that a stage can begin again. Later ones are damaged, since the run went on from before
  /// them. A failure to remove costs disk space, not the run.
  private func prune(after step: Int) {
    var complete = 0
    var hasEnd = false
    let saved = path(step: step)
    for path in ((try? folders()) ?? []).reversed().drop(while: { $0 != saved }) {
      let state = (try? Checkpoint(path, verifying: false))?.state
      let isLastEnd = state?.stageEnded == true && !hasEnd
      if isLastEnd { hasEnd = true }
      if complete >= keep {
        if !isLastEnd { remove(path) }
      } else if state != nil {
        complete += 1
      }
    }
  }

  /// Renamed first, so that a half-removed folder never looks like a checkpoint.
  private func remove(_ path: String) {
    let doomed = "\(folder)/.partial-\(path.split(separator: "/").last!)"
    try? FileManager.default.removeItem(atPath: doomed)
    try? FileManager.default.moveItem(atPath: path, toPath: doomed)
    try? FileManager.default.removeItem(atPath: doomed)
  }
}
