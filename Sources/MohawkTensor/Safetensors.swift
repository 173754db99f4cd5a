import Foundation
import MohawkFiles

/// Writing of safetensors files, the format of Hugging Face's `safetensors` package.
public enum Safetensors {
  /// Writes tensors to `path`, all or nothing.
  ///
  /// The bytes go out one tensor at a time, so that no more than one tensor is copied (and only when it lies on a device
  /// or in pieces). The same tensors give the same file whatever their order, the very bytes that Hugging Face's
  /// package writes: wide types first, so that every tensor is aligned, then by name.
  /// - Parameters:
  ///   - tensors: in any order, each name once.
  ///   - metadata: free text pairs for the header.
  ///   - path: the file; one that is there is replaced.
  /// - Throws: `MohawkError` when the folder is missing, read-only or full.
  public static func write(
    _ tensors: [(name: String, tensor: Tensor)], metadata: [String: String] = [:], to path: String
  ) throws {
    try write(
      tensors.map { item in WeightToWrite(item.name, item.tensor.dtype, item.tensor.shape) { item.tensor } },
      metadata: metadata, to: path)
  }

  /// Writes tensors to `path`, all or nothing, each made when its turn comes and let go afterwards, so that a file may be
  /// far larger than the memory. Their order is that of the file: wide types first, then by name.
  /// - Parameters:
  ///   - tensors: in any order, each name once.
  ///   - metadata: free text pairs for the header.
  ///   - path: the file; one that is there is replaced.
  /// - Throws: `MohawkError` when the folder is missing, read-only or full, and whatever making a tensor throws.
  public static func write(
    _ tensors: [WeightToWrite], metadata: [String: String] = [:], to path: String
  ) throws {
    func rank(_ tensor: WeightToWrite) -> Int { DType.safetensorsOrder.firstIndex(of: tensor.dtype)! }
    let ordered = tensors.sorted { (rank($0), $0.name) < (rank($1), $1.name) }
    precondition(Set(tensors.map(\.name)).count == tensors.count, "two tensors have the same name")
    precondition(!tensors.contains { $0.name == "__metadata__" }, "no tensor may be called __metadata__")

    var file = try AtomicFile(path)
    try Data(header(ordered, metadata)).withUnsafeBytes { try file.write($0) }
    for item in ordered {
      let tensor = try item.tensor()
      precondition(
        tensor.dtype == item.dtype && tensor.shape == item.shape,
        "\(item.name) was announced as \(item.dtype)\(item.shape) but is \(tensor.dtype)\(tensor.shape)")
      guard tensor.count > 0 else { continue }
      let whole = withoutGradients { tensor.detached().to(on: .cpu).contiguous() }
      try whole.withBytes { try file.write($0) }
    }
    try file.commit()
  }

  /// The length and the JSON, padded with spaces to a multiple of eight bytes.
  private static func header(_ tensors: [WeightToWrite], _ metadata: [String: String]) -> [UInt8] {
    var members: [String] = []
    if !metadata.isEmpty {
      let pairs = metadata.sorted { $0.key < $1.key }.map { json($0.key) + ":" + json($0.value) }
      members.append("\"__metadata__\":{\(pairs.joined(separator: ","))}")
    }
    var offset = 0
    for tensor in tensors {
      let shape = tensor.shape.map(String.init).joined(separator: ",")
      let end = offset + tensor.byteCount
      let type = tensor.dtype.safetensorsName
      members.append(
        "\(json(tensor.name)):{\"dtype\":\"\(type)\",\"shape\":[\(shape)],\"data_offsets\":[\(offset),\(end)]}")
      offset = end
    }
    var text = Array("{\(members.joined(separator: ","))}".utf8)
    text += [UInt8](repeating: UInt8(ascii: " "), count: (8 - text.count % 8) % 8)
    return withUnsafeBytes(of: UInt64(text.count).littleEndian) { Array($0) } + text
  }

  private static func json(_ text: String) -> String {
    var result = "\""
    for scalar in text.unicodeScalars {
      switch scalar {
      case "\"": result += "\\\""
      case "\\": result += "\\\\"
      case "\u{0}"..<"\u{20}":
        let digits = String(scalar.value, radix: 16)
        result += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
      default: result.unicodeScalars.append(scalar)
      }
    }
    return result + "\""
  }
}

/// A tensor to be written: what it will be is known now, its values are made when they are needed.
public struct WeightToWrite {
  /// The name in the file.
  public let name: String
  /// The element type in the file.
  public let dtype: DType
  /// The size of every dimension.
  public let shape: [Int]
  /// Makes the tensor, of this type and shape, on any device.
  public let tensor: () throws -> Tensor

  /// Announces a tensor.
  public init(_ name: String, _ dtype: DType, _ shape: [Int], tensor: @escaping () throws -> Tensor) {
    self.name = name
    self.dtype = dtype
    self.shape = shape
    self.tensor = tensor
  }

  /// Bytes of all elements.
  public var byteCount: Int { shape.reduce(dtype.size, *) }
}
