import Foundation
import MohawkFiles

/// Token ids on disk, read through memory maps: all shards as one long sequence.
public final class TokenShards: Sendable {
  struct Shard: Sendable {
    let path: String
    let file: MappedFile
    /// A bit for every id that counts in a loss on answers; nil where there is no mask.
    let mask: MappedFile?
    let info: TokenShardInfo
    /// Where the shard begins in the whole sequence.
    let start: Int
  }

  let shards: [Shard]
  /// How many ids there are.
  public let count: Int
  /// How many documents end in the shards.
  public let documents: Int
  /// How many bytes of text the ids stand for.
  public let bytes: Int
  /// How many tokens the tokenizer has that made the ids.
  public let vocabularySize: Int
  /// The fingerprint of the tokenizer that made the ids.
  public let tokenizer: String
  /// How many ids count in a loss on answers; nil where not all shards say so.
  public var lossTokens: Int? {
    shards.reduce(0) { total, shard in total.flatMap { total in shard.info.lossTokens.map { total + $0 } } }
  }
  /// What the file is called that says which ids of a shard count, behind the dot.
  public static let maskSuffix = "mask"

  /// Opens a folder of shards, or a single `.bin` file.
  public convenience init(path: String, tokenizer fingerprint: String? = nil) throws {
    try self.init(paths: [path], tokenizer: fingerprint)
  }

  /// Opens folders of shards and single `.bin` files as one sequence, in this order.
  /// - Parameters:
  ///   - paths: the folders and files.
  ///   - fingerprint: the tokenizer that the ids must come from; nil checks only that the shards agree.
  /// - Throws: `MohawkError` for a shard that is missing or has changed, a missing or damaged side-car, a size that does
  ///   not fit the count, or ids of another tokenizer.
  public init(paths: [String], tokenizer fingerprint: String? = nil) throws {
    var shards: [Shard] = []
    var next = 0
    for bin in try Self.files(paths) {
      let shard = try Self.open(bin, at: next)
      let expected = fingerprint ?? shards.first?.info.tokenizer ?? shard.info.tokenizer
      guard shard.info.tokenizer == expected else {
        throw MohawkError(
          .mismatch, "the ids come from the tokenizer \(shard.info.tokenizer), not from \(expected)", at: bin,
          remedy: "encode the text again with the tokenizer of the model")
      }
      next += shard.info.count
      shards.append(shard)
    }
    self.shards = shards
    count = next
    documents = shards.reduce(0) { $0 + $1.info.documents }
    bytes = shards.reduce(0) { $0 + $1.info.bytes }
    vocabularySize = shards[0].info.vocabularySize
    tokenizer = shards[0].info.tokenizer
  }

  /// The ids in `range` of the whole sequence. Ids beyond `Int32.max` in a damaged shard come out negative: ``checkIDs(below:)``
  /// finds them.
  public func ids(in range: Range<Int>) -> [Int32] {
    precondition(range.lowerBound >= 0 && range.upperBound <= count, "ids \(range) of \(count)")
    return [Int32](unsafeUninitializedCapacity: range.count) { buffer, filled in
      copy(from: range.lowerBound, into: UnsafeMutableBufferPointer(rebasing: buffer[..<range.count]))
      filled = range.count
    }
  }

  /// Fills `target` with the ids from `start` on.
  public func copy(from start: Int, into target: UnsafeMutableBufferPointer<Int32>) {
    precondition(start >= 0 && start + target.count <= count, "ids \(start)..<\(start + target.count) of \(count)")
    var index = shardIndex(of: start)
    var done = 0
    while done < target.count {
      let shard = shards[index]
      let local = start + done - shard.start
      let part = min(target.count - done, shard.info.count - local)
      shard.read(local, UnsafeMutableBufferPointer(rebasing: target[done..<done + part]))
      done += part
      index += 1
    }
  }

  /// Which ids of a range count in a loss on answers. All shards must have a mask.
  public func lossMask(in range: Range<Int>) -> [Bool] {
    precondition(range.lowerBound >= 0 && range.upperBound <= count, "ids \(range) of \(count)")
    var result: [Bool] = []
    result.reserveCapacity(range.count)
    var index = shardIndex(of: range.lowerBound)
    while result.count < range.count {
      let shard = shards[index]
      let first = range.lowerBound + result.count - shard.start
      let part = first..<min(shard.info.count, first + range.count - result.count)
      guard let mask = shard.mask else { preconditionFailure("\(shard.path) has no loss mask") }
      mask.withBytes { bytes in result.append(contentsOf: part.lazy.map { bytes[$0 / 8] >> ($0 % 8) & 1 == 1 }) }
      index += 1
    }
    return result
  }

  /// Refuses shards that do not say which of their ids count.
  package func requireLossMask() throws {
    guard let shard = shards.first(where: { $0.mask == nil }) else { return }
    throw MohawkError(
      .invalidValue, "these tokens have no loss mask, so that it is not known which of them are answers",
      at: shard.path,
      remedy:
        "encode the conversations again with mohawk tokens --loss-on answers, or learn from all tokens (data.lossOn=all)"
    )
  }

  /// Reads all ids and demands that each is below `bound`, the rows of a model's embedding.
  /// - Throws: `MohawkError` naming the first shard, position and id that is not.
  public func checkIDs(below bound: Int) throws {
    for shard in shards {
      if let (position, id) = shard.firstID(notBelow: bound) {
        throw MohawkError(
          .outOfRange, "the id \(id) at position \(position) is not below the vocabulary of \(bound)", at: shard.path,
          remedy: "encode the text again with the tokenizer of the model")
      }
    }
  }

  private func shardIndex(of position: Int) -> Int {
    var low = 0
    var high = shards.count
    while high - low > 1 {
      let middle = (low + high) / 2
      if shards[middle].start <= position { low = middle } else { high = middle }
    }
    return low
  }
}

extension TokenShards.Shard {
  func read(_ start: Int, _ target: UnsafeMutableBufferPointer<Int32>) {
    file.withBytes { bytes in
      for offset in 0..<target.count { target[offset] = Int32(truncatingIfNeeded: id(start + offset, bytes)) }
    }
  }

  /// The first id that is not below `bound`, and where it is.
  func firstID(notBelow bound: Int) -> (position: Int, id: UInt32)? {
    file.withBytes { bytes in
      for position in 0..<info.count {
        let id = id(position, bytes)
        if id >= bound { return (position, id) }
      }
      return nil
    }
  }

  /// The stored id.
  @inline(__always) private func id(_ position: Int, _ bytes: UnsafeRawBufferPointer) -> UInt32 {
    switch info.type {
    case .uint16: UInt32(UInt16(littleEndian: bytes.loadUnaligned(fromByteOffset: 2 * position, as: UInt16.self)))
    case .uint32: UInt32(littleEndian: bytes.loadUnaligned(fromByteOffset: 4 * position, as: UInt32.self))
    }
  }
}

extension TokenShards {
  /// The `.bin` files of folders and files, in order.
  /// - Throws: `MohawkError` naming a shard that is missing or has changed.
  package static func files(_ paths: [String]) throws -> [String] { try paths.flatMap(files) }

  private static func files(_ path: String) throws -> [String] {
    var isFolder: ObjCBool = false
    guard FileManager.default.fileExists(atPath: path, isDirectory: &isFolder) else {
      throw MohawkError(.missingFile, "no such file or folder", at: path, remedy: "check the path")
    }
    if !isFolder.boolValue {
      let manifest = try ShardManifest(folder: URL(fileURLWithPath: path).deletingLastPathComponent().path)
      for file in [path, maskPath(of: path)] {
        try manifest?.files[URL(fileURLWithPath: file).lastPathComponent]?.require(
          file, as: "a token shard", remedy: "copy it again, or encode the text again")
      }
      return [path]
    }
    let names = try FileManager.default.contentsOfDirectory(atPath: path).filter { !$0.hasPrefix(".") }.sorted()
    let bins = names.filter { $0.hasSuffix(".bin") }
    if let manifest = try ShardManifest(folder: path) {
      try manifest.require(bins, in: path)
    } else {
      try requireNoGap(names, in: path)
    }
    guard !bins.isEmpty else {
      throw MohawkError(
        .missingFile, "the folder holds no token shard (*.bin)", at: path, remedy: "encode a corpus into it first")
    }
    return bins.map { path + "/" + $0 }
  }

  /// Refuses a folder without a list of its shards when a name shows that one is missing: a side-car alone, or a number
  /// that is left out.
  private static func requireNoGap(_ names: [String], in folder: String) throws {
    let bins = Set(names.filter { $0.hasSuffix(".bin") }.map { String($0.dropLast(4)) })
    let metadataFiles = names.filter { $0.hasPrefix("tokens-") && $0.hasSuffix(".json") }.map { String($0.dropLast(5)) }
    let last = bins.compactMap { TokenShardWriter.number(of: $0) }.max() ?? 0
    let gap = (0..<last).lazy.map(TokenShardWriter.name).first { !bins.contains($0) }
    guard let first = ([gap].compactMap { $0 } + metadataFiles.filter { !bins.contains($0) }).min() else { return }
    throw MohawkError(
      .missingFile, "a token shard is missing", at: "\(folder)/\(first).bin",
      remedy: "copy it again, or encode the text again; to use a part of the shards name them one by one")
  }

  /// The file beside a shard that says which of its ids count.
  package static func maskPath(of bin: String) -> String { String(bin.dropLast(3)) + maskSuffix }

  private static func openMask(of bin: String, _ info: TokenShardInfo, counting lossTokens: Int) throws -> MappedFile {
    let file = try MappedFile(maskPath(of: bin))
    let counted = file.withBytes { $0.reduce(0) { $0 + $1.nonzeroBitCount } }
    guard file.count == (info.count + 7) / 8, counted == lossTokens else {
      throw MohawkError(
        .mismatch,
        "the mask counts \(counted) tokens in \(file.count) bytes, the side-car \(lossTokens) of \(info.count)",
        at: file.path, remedy: "copy both again, or encode the text again")
    }
    return file
  }

  private static func open(_ path: String, at start: Int) throws -> Shard {
    guard path.hasSuffix(".bin") else {
      throw MohawkError(.unsupported, "this is not a token shard", at: path, remedy: "name a .bin file or its folder")
    }
    let file = try MappedFile(path)
    let metadataFile = path.dropLast(4) + ".json"
    guard FileManager.default.fileExists(atPath: String(metadataFile)) else {
      throw MohawkError(
        .missingFile, "the shard has no side-car \(metadataFile), so its type and tokenizer are unknown", at: path,
        remedy: "encode the text again")
    }
    let info = try TokenShardInfo(path: String(metadataFile))
    let (size, overflow) = info.count.multipliedReportingOverflow(by: info.type.size)
    guard !overflow, size == file.count else {
      throw MohawkError(
        file.count < size || overflow ? .truncatedFile : .mismatch,
        "the side-car counts \(info.count) ids of type \(info.type.rawValue), but the shard has \(file.count) bytes",
        at: path, remedy: "encode the text again")
    }
    guard info.count > 0 else { throw MohawkError(.invalidValue, "the shard is empty", at: path) }
    let mask = try info.lossTokens.map { try openMask(of: path, info, counting: $0) }
    return Shard(path: path, file: file, mask: mask, info: info, start: start)
  }
}
