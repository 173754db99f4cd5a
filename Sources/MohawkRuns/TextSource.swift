import Foundation
import MohawkFiles
import MohawkText

/// What `data.train` and `data.validation` name: text that is still to be encoded, or token shards.
enum TextSource {
  /// Every file that decides the tokens, in order.
  static func files(_ paths: [String]) throws -> [String] {
    if paths.isEmpty { return [] }
    guard try areShards(paths) else { return try Corpus(paths: paths).files.map(\.path) }
    return try TokenShards.files(paths).flatMap { bin in
      [bin, TokenShards.maskPath(of: bin)].filter { FileManager.default.fileExists(atPath: $0) }
    }
  }

  /// Whether all of these are token shards.
  /// - Throws: `MohawkError` when only some are.
  static func areShards(_ paths: [String]) throws -> Bool {
    let shards = paths.filter(TokenShards.areAt)
    if let text = paths.first(where: { !TokenShards.areAt($0) }), let first = shards.first {
      throw MohawkError(
        .invalidValue, "text cannot be mixed with the token shards in \(first)", at: text,
        remedy: "encode it with mohawk tokens, or name the text of both")
    }
    return !shards.isEmpty
  }
}

extension TokenShards {
  /// Whether a folder holds token shards, or a file is one.
  static func areAt(_ path: String) -> Bool {
    if path.hasSuffix(".bin") { return FileManager.default.fileExists(atPath: path) }
    let names = (try? FileManager.default.contentsOfDirectory(atPath: path)) ?? []
    return names.contains { $0.hasSuffix(".bin") && !$0.hasPrefix(".") || $0 == ShardManifest.fileName }
  }
}
