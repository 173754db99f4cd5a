import Foundation
import MohawkFiles
import MohawkTensor
import MohawkTraining

/// A finished shard, mapped.
struct SignalShard {
  let file: SafetensorsFile
  let info: SignalManifest.Shard

  /// Maps a shard of a folder.
  /// - Parameter verifying: also read every byte and compare it with what was written; otherwise only the size.
  /// - Throws: `MohawkError` when it is missing or damaged.
  init(_ info: SignalManifest.Shard, in folder: String, verifying: Bool) throws {
    let path = folder + "/" + info.file
    let remedy = "remove it and give mohawk signals again, which writes what is missing"
    guard FileManager.default.fileExists(atPath: path) else {
      throw MohawkError(
        .missingFile, "a shard of these signals is not there", at: path,
        remedy: "give mohawk signals again, which writes what is missing")
    }
    let size = try MappedFile(path).count
    guard size == info.digest.bytes else {
      throw MohawkError(
        size < info.digest.bytes ? .truncatedFile : .mismatch,
        "the shard has \(size) bytes instead of \(info.digest.bytes)", at: path, remedy: remedy)
    }
    if verifying, try FileDigest(of: path) != info.digest {
      throw MohawkError(
        .invalidFormat, "the shard's content has changed since it was written", at: path, remedy: remedy)
    }
    file = try SafetensorsFile(path)
    self.info = info
  }

  /// What every sequence is filed under, in order.
  func keys() throws -> [UInt64] {
    let tokens = SignalSequences.unpacked(try file.tensor(Name.tokens))
    let (ids, length) = (tokens.values(as: Int32.self), tokens.size(1))
    return (0..<tokens.size(0)).map { SignalSequences.key(ids[$0 * length..<($0 + 1) * length]) }
  }

  /// One sequence's part of a tensor, [1, length, ..].
  func row(_ name: String, _ row: Int) throws -> Tensor { try file.tensor(name).narrowed(0, from: row, length: 1) }

  /// Names of tensors.
  enum Name {
    static let tokens = "tokens"
    static let ids = "ids"
    static let probabilities = "probabilities"
    static let rest = "rest"
    static func layer(_ index: Int) -> String { "layers.\(index)" }
  }
}
