import Foundation

/// A tensor to be written: its name, shape and type, and what makes its numbers when its turn comes.
public struct GGUFTensor {
  /// The name in the file, at most 63 bytes.
  public let name: String
  /// The sizes, row-major, one to four of them; the last is the row's length.
  public let shape: [Int]
  /// How the numbers are stored.
  public let type: GGUFType
  /// Hands the tensor's numbers, in row-major order, to the sink.
  let write: (GGUFSink) throws -> Void

  /// A tensor whose numbers `write` hands over piece by piece.
  public init(_ name: String, shape: [Int], type: GGUFType, write: @escaping (GGUFSink) throws -> Void) {
    self.name = name
    self.shape = shape
    self.type = type
    self.write = write
  }

  /// A tensor whose numbers `floats` makes all at once, row-major, when its turn comes.
  public init(_ name: String, shape: [Int], type: GGUFType, floats: @escaping () throws -> [Float]) {
    self.init(name, shape: shape, type: type) { sink in try sink.append(floats()) }
  }

  /// A tensor whose bytes `bytes` makes, already in the layout of `type`, when its turn comes.
  public init(_ name: String, shape: [Int], type: GGUFType, bytes: @escaping () throws -> Data) {
    self.init(name, shape: shape, type: type) { sink in try bytes().withUnsafeBytes(sink.append(bytes:)) }
  }
}
