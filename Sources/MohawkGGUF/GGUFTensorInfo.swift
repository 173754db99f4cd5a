/// Where a tensor lies in a GGUF file, and what it is.
public struct GGUFTensorInfo: Sendable, Equatable {
  /// The tensor's name, such as `blk.0.attn_norm.weight`.
  public let name: String
  /// The sizes, row-major: the last one is the row's length. The file holds them in the opposite order.
  public let shape: [Int]
  /// How the numbers are stored.
  public let type: GGUFType
  /// Bytes in the file.
  public let byteCount: Int
  /// Numbers in the tensor.
  public let elementCount: Int
  /// Where the bytes begin, counted from the beginning of the file.
  let offset: Int
}
