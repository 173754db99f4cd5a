import Foundation
import MohawkFiles
import MohawkTensor

extension WeightToWrite {
  /// Announces a tensor of the type and shape that a store tells.
  public init(_ name: String, _ shape: WeightShape, tensor: @escaping () throws -> Tensor) {
    self.init(name, shape.dtype, shape.sizes, tensor: tensor)
  }
}

extension Weights {
  /// Writes a checkpoint into a folder, as Hugging Face's packages lay it out: `model.safetensors` when it fits, else
  /// `model-00001-of-00003.safetensors` and so on with `model.safetensors.index.json`.
  ///
  /// A reader sees the old checkpoint, the new one or, for the moment in which shards of a former index are replaced, none;
  /// never parts of both. What an earlier write left is removed once the new one stands.
  /// - Parameters:
  ///   - tensors: each name once. Their order decides which shard a tensor is in; those too large for a shard get one of
  ///     their own. They are made one at a time.
  ///   - metadata: free text pairs for every file's header.
  ///   - folder: made when it is not there.
  ///   - shardBytes: how many bytes of tensors a file holds at most.
  /// - Throws: `MohawkError` when the folder is read-only or full, and whatever making a tensor throws.
  public static func write(
    _ tensors: [WeightToWrite], metadata: [String: String] = ["format": "pt"], to folder: String,
    shardBytes: Int = 5_000_000_000
  ) throws {
    precondition(Set(tensors.map(\.name)).count == tensors.count, "two tensors have the same name")
    try AtomicFolder.ensure(folder)
    let shards = split(tensors, shardBytes: shardBytes)
    if shards.count < 2 {
      try Safetensors.write(tensors, metadata: metadata, to: folder + "/model.safetensors")
      try removeOthers(than: ["model.safetensors"], in: folder)
      return
    }
    let files = shards.indices.map { shardName($0 + 1, of: shards.count) }
    let partial = folder + "/.partial-shards"
    try? FileManager.default.removeItem(atPath: partial)
    try AtomicFolder.ensure(partial)
    defer { try? FileManager.default.removeItem(atPath: partial) }
    var index: [String: String] = [:]
    for (shard, file) in zip(shards, files) {
      try Safetensors.write(shard, metadata: metadata, to: partial + "/" + file)
      for tensor in shard { index[tensor.name] = file }
    }
    // From here on an old index would name files of both checkpoints.
    if files.contains(where: { FileManager.default.fileExists(atPath: folder + "/" + $0) }) {
      try remove(folder + "/" + indexName)
    }
    for file in files { try AtomicFile.move(partial + "/" + file, to: folder + "/" + file) }
    let text = ShardIndex(files: index).text(totalBytes: tensors.reduce(0) { $0 + $1.byteCount })
    try AtomicFile.write(text, to: folder + "/" + indexName)
    try removeOthers(than: Set(files + [indexName]), in: folder)
  }

  /// Writes tensors that are already there.
  public static func write(
    _ tensors: [(name: String, tensor: Tensor)], metadata: [String: String] = ["format": "pt"], to folder: String,
    shardBytes: Int = 5_000_000_000
  ) throws {
    try write(
      tensors.map { item in WeightToWrite(item.name, item.tensor.dtype, item.tensor.shape) { item.tensor } },
      metadata: metadata, to: folder, shardBytes: shardBytes)
  }

  static let indexName = "model.safetensors.index.json"

  static func shardName(_ number: Int, of count: Int) -> String {
    func digits(_ number: Int) -> String { String(repeating: "0", count: max(0, 5 - "\(number)".count)) + "\(number)" }
    return "model-\(digits(number))-of-\(digits(count)).safetensors"
  }

  /// In order, a new shard where the last one is full.
  static func split(_ tensors: [WeightToWrite], shardBytes: Int) -> [[WeightToWrite]] {
    var shards: [[WeightToWrite]] = []
    var current: [WeightToWrite] = []
    var size = 0
    for tensor in tensors {
      let bytes = tensor.byteCount
      if bytes > shardBytes {
        shards.append([tensor])
        continue
      }
      if size + bytes > shardBytes {
        shards.append(current)
        (current, size) = ([], 0)
      }
      current.append(tensor)
      size += bytes
    }
    if !current.isEmpty { shards.append(current) }
    return shards
  }

  /// Removes what another write of this kind left: the index first, without which its shards mean nothing.
  private static func removeOthers(than kept: Set<String>, in folder: String) throws {
    let files = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
    let shards = files.filter { $0.wholeMatch(of: /model-[0-9]{5}-of-[0-9]{5}\.safetensors/) != nil }
    for file in [indexName, "model.safetensors"] + shards where !kept.contains(file) {
      try remove(folder + "/" + file)
    }
  }

  private static func remove(_ path: String) throws {
    guard FileManager.default.fileExists(atPath: path) else { return }
    do {
      try FileManager.default.removeItem(atPath: path)
    } catch {
      throw MohawkError(
        .notWritable, "this file of an earlier checkpoint cannot be removed", at: path, remedy: "remove it yourself")
    }
  }
}
