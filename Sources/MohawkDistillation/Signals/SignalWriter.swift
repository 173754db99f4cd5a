import Foundation
import MohawkFiles
import MohawkTensor

/// Adds to a folder of teacher signals. A shard is whole or not there, and is in the manifest from then on.
public final class SignalWriter {
  /// What is finished.
  public private(set) var manifest: SignalManifest
  private let folder: String
  private let shardBytes: Int
  /// What is kept, and what was promised.
  private var known: [SignalManifest.Part: Set<UInt64>] = [:]
  private var waiting: [SignalManifest.Part: [[String: Tensor]]] = [:]
  private var waitingTokens: [SignalManifest.Part: Int] = [:]

  /// Takes up what is in the folder already.
  /// - Parameters:
  ///   - folder: an existing folder.
  ///   - manifest: what is to be there; its shards are read from the folder.
  ///   - shardBytes: when to begin the next shard.
  /// - Throws: `MohawkError` when the folder holds other signals, or a damaged shard.
  public init(_ folder: String, _ manifest: SignalManifest, shardBytes: Int = 1 << 27) throws {
    self.folder = folder
    self.shardBytes = shardBytes
    self.manifest = manifest
    guard FileManager.default.fileExists(atPath: folder + "/" + SignalManifest.fileName) else { return }
    let before = try SignalManifest(folder: folder)
    try before.requireSource(manifest.source, at: folder)
    func refuse(_ message: String) -> MohawkError {
      MohawkError(.mismatch, message, at: folder, remedy: "choose another folder, or remove this one")
    }
    if before.source.precision != manifest.source.precision {
      throw refuse("these signals were computed in \(before.source.precision.rawValue)")
    }
    if let old = before.top, let new = manifest.top, old != new {
      throw refuse("these signals keep the top \(old), not \(new)")
    }
    if let old = before.layers, let new = manifest.layers, old != new {
      throw refuse("these signals keep the inputs of layers \(old), not \(new)")
    }
    self.manifest.top = manifest.top ?? before.top
    self.manifest.layers = manifest.layers ?? before.layers
    // What was removed is written again.
    self.manifest.shards = before.shards.filter { FileManager.default.fileExists(atPath: folder + "/" + $0.file) }
    for info in self.manifest.shards {
      known[info.part, default: []].formUnion(try SignalShard(info, in: folder, verifying: false).keys())
    }
  }

  /// Whether a part of a sequence is neither kept nor promised yet; from now on it is.
  public func promise(_ part: SignalManifest.Part, _ ids: some Collection<Int32>) -> Bool {
    known[part, default: []].insert(SignalSequences.key(ids)).inserted
  }

  /// Keeps the most likely ids of sequences.
  /// - Parameters:
  ///   - tokens: [rows, length + 1]
  ///   - top: of all their positions, row after row.
  public func add(_ tokens: Tensor, _ top: TopProbabilities) throws {
    let (rows, length, count) = (tokens.size(0), tokens.size(1) - 1, top.ids.size(1))
    try add(
      .top, tokens,
      [
        SignalShard.Name.ids: SignalSequences.packed(top.ids, vocabulary: manifest.source.vocabulary)
          .reshaped(rows, length, count),
        SignalShard.Name.probabilities: top.probabilities.to(.float16, on: .cpu).reshaped(rows, length, count),
        SignalShard.Name.rest: top.rest.to(.float32, on: .cpu).reshaped(rows, length),
      ])
  }

  /// Keeps what enters layers for sequences.
  /// - Parameters:
  ///   - tokens: [rows, length + 1]
  ///   - inputs: by layer, [rows, length, modelDim]
  public func add(_ tokens: Tensor, _ inputs: [Int: Tensor]) throws {
    let dtype: DType = manifest.source.precision == .bfloat16 ? .bfloat16 : .float32
    try add(
      .inputs, tokens,
      Dictionary(
        uniqueKeysWithValues: inputs.map { (SignalShard.Name.layer($0), $1.to(dtype, on: .cpu).contiguous()) }))
  }

  private func add(_ part: SignalManifest.Part, _ tokens: Tensor, _ tensors: [String: Tensor]) throws {
    var tensors = tensors
    let ids = tokens.narrowed(1, from: 0, length: tokens.size(1) - 1)
    tensors[SignalShard.Name.tokens] = SignalSequences.packed(ids, vocabulary: manifest.source.vocabulary).to(on: .cpu)
    waiting[part, default: []].append(tensors)
    waitingTokens[part, default: 0] += ids.count
    if waitingTokens[part]! * manifest.bytesPerToken(part) >= shardBytes { try flush(part) }
  }

  /// Writes what is waiting as shards, and the manifest.
  public func flush() throws {
    for part in SignalManifest.Part.allCases { try flush(part) }
    try manifest.write(to: folder)
  }

  private func flush(_ part: SignalManifest.Part) throws {
    guard let pieces = waiting[part], !pieces.isEmpty else { return }
    let tensors = pieces[0].keys.map { name in
      (name: name, tensor: withoutGradients { Tensor.concatenated(pieces.map { $0[name]! }, 0) })
    }
    let file = freeName(part)
    try Safetensors.write(tensors, metadata: ["format": "mohawk-signals"], to: folder + "/" + file)
    manifest.shards.append(
      .init(
        file: file, part: part, sequences: pieces.reduce(0) { $0 + $1[SignalShard.Name.tokens]!.size(0) },
        rest: tensors.first { $0.name == SignalShard.Name.rest }.map { $0.tensor.mean().item() },
        digest: try FileDigest(of: folder + "/" + file)))
    try manifest.write(to: folder)
    waiting[part] = []
    waitingTokens[part] = 0
  }

  /// A name that no shard has; a file that is not in the manifest is of a start that was killed, and is replaced.
  private func freeName(_ part: SignalManifest.Part) -> String {
    let names = Set(manifest.shards.map(\.file))
    return (0...).lazy.map { number -> String in
      let digits = String(number)
      return "\(part.rawValue)-\(String(repeating: "0", count: max(0, 5 - digits.count)))\(digits).safetensors"
    }.first { !names.contains($0) }!
  }
}
