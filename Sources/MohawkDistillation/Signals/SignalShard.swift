import Foundation
import MohawkFiles
import MohawkTensor

/// A finished shard, mapped.
struct SignalShard {
  let file: SafetensorsFile
  let info: SignalManifest.Shard

  /// Maps a shard of a folder.
  /// - Parameter verifying: also read every byte and compare it with what was written; otherwise only the size.
  /// - Throws: `MohawkError` when it is missing or damaged.
  init(_ info: SignalManifest.Shard, in folder: String, verifying: Bool) throws {
    let path = folder + "/" + info.file
    try info.digest.require(
      path, as: "a shard of these signals", readsAll: verifying,
      remedy: "remove it and give mohawk signals again, which writes what is missing")
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
