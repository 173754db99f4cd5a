import Foundation
import MohawkFiles

/// `shards.json` of a folder of token shards: which there are, with size and hash. With it a shard that is missing or that
/// has changed is found; folders of other tools have none.
public struct ShardManifest: Codable, Sendable, Equatable {
  /// The layout that this version writes and reads.
  public static let currentVersion = 1
  /// Its name in the folder.
  public static let fileName = "shards.json"

  /// The layout of this folder.
  public var version = ShardManifest.currentVersion
  /// Size and hash of each shard by its name.
  public var files: [String: FileDigest] = [:]

  /// A folder without shards.
  public init() {}

  /// The manifest of a folder; nil when it has none.
  /// - Throws: `MohawkError` when it cannot be read.
  public init?(folder: String) throws {
    let path = folder + "/" + Self.fileName
    guard FileManager.default.fileExists(atPath: path) else { return nil }
    let data = try MappedFile(path).withBytes { Data($0) }
    guard let found = try? JSONDecoder().decode(Self.self, from: data), found.version == Self.currentVersion else {
      throw MohawkError(
        .invalidFormat, "the list of token shards cannot be read", at: path, remedy: "encode the text again")
    }
    self = found
  }

  /// Refuses a folder in which shards are missing, have changed, or stand that are not its own.
  /// - Parameters:
  ///   - names: the shards that are there.
  ///   - folder: where.
  func require(_ names: [String], in folder: String) throws {
    if let stranger = names.first(where: { files[$0] == nil }) {
      throw MohawkError(
        .mismatch, "\(Self.fileName) beside it does not name this shard", at: folder + "/" + stranger,
        remedy: "keep shards of different texts in different folders, and name them all")
    }
    for (name, digest) in files.sorted(by: { $0.key < $1.key }) {
      try digest.require(
        folder + "/" + name, as: "a token shard", remedy: "copy it again, or encode the text again")
    }
  }

  /// Writes the manifest.
  func write(to folder: String) throws {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys]
    try AtomicFile.write(try encoder.encode(self) + Data("\n".utf8), to: folder + "/" + Self.fileName)
  }
}
