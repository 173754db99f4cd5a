import MohawkFiles
import MohawkTensor

/// Sequences as signals know them: what a teacher says of a sequence depends on its ids and on nothing else, so that
/// signals are filed under them, whatever run, seed or order they were made for.
enum SignalSequences {
  /// What a sequence is filed under.
  static func key(_ ids: some Collection<Int32>) -> UInt64 {
    ContiguousArray(ids).withUnsafeBytes { xxHash64($0) }
  }

  /// The ids of each row of tokens [rows, length + 1], without its last one, which is only predicted.
  static func rows(_ tokens: Tensor) -> [ArraySlice<Int32>] {
    let (rows, width) = (tokens.size(0), tokens.size(1))
    let ids = tokens.values(as: Int32.self)
    return (0..<rows).map { ids[$0 * width..<($0 + 1) * width - 1] }
  }

  /// Ids in two bytes where the vocabulary allows: as unsigned numbers, whose upper half is below 0 in `int16`.
  static func packed(_ ids: Tensor, vocabulary: Int) -> Tensor {
    let whole = ids.to(.int32)
    guard vocabulary <= 65_536 else { return whole }
    return Tensor(whole.values(as: Int32.self).map { Int16(truncatingIfNeeded: $0) }, shape: ids.shape)
  }

  /// The `int32` ids that were packed.
  static func unpacked(_ ids: Tensor) -> Tensor {
    guard ids.dtype == .int16 else { return ids.to(.int32) }
    return Tensor(ids.values(as: Int16.self).map { Int32(UInt16(bitPattern: $0)) }, shape: ids.shape)
  }

  /// Bytes of an id.
  static func idBytes(vocabulary: Int) -> Int { vocabulary <= 65_536 ? 2 : 4 }
}

extension SignalManifest {
  /// Bytes that a part takes for every token, the token itself included.
  public func bytesPerToken(_ part: Part) -> Int {
    let id = SignalSequences.idBytes(vocabulary: source.vocabulary)
    switch part {
    case .top: return id + (top ?? 0) * (id + 2) + 4
    case .inputs: return id + (layers ?? []).count * source.modelDim * (source.precision == .bfloat16 ? 2 : 4)
    }
  }
}
