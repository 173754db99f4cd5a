import Foundation
import MohawkFiles
import MohawkGGUF
import MohawkTensor

/// The tensors of a GGUF file, or of all parts of a split one, under the names that they have there.
///
/// Floating-point tensors are the mapped pages of the file. Blocks of quantised numbers are dequantised when a tensor is
/// asked for, piece by piece into the type that is wanted.
public final class GGUFWeights: WeightStore {
  /// The path of the file, or of the first part.
  public let path: String
  /// Every tensor's name, part by part in the order of the files.
  public let names: [String]
  /// The parts, the first of which has the metadata.
  public let files: [GGUFFile]
  private let places: [String: (file: Int, tensor: GGUFTensorInfo)]

  /// Opens a file; if its name says that it is a part such as `…-00002-of-00003.gguf`, all parts.
  /// - Throws: `MohawkError` when parts are missing (all of them are named), damaged, or do not belong together.
  public init(_ path: String) throws {
    let paths = try GGUFParts.paths(of: path)
    self.path = paths[0]
    files = try paths.map { try GGUFFile($0) }
    try GGUFParts.check(files)
    var names: [String] = []
    var places: [String: (file: Int, tensor: GGUFTensorInfo)] = [:]
    for (number, file) in files.enumerated() {
      for tensor in file.tensors {
        guard places.updateValue((number, tensor), forKey: tensor.name) == nil else {
          throw MohawkError(
            .invalidFormat, "the tensor \(quoted(tensor.name)) is in two parts", at: file.path,
            remedy: "fetch all parts again, all of one version")
        }
        names.append(tensor.name)
      }
    }
    (self.names, self.places) = (names, places)
  }

  /// The file with the metadata.
  public var metadata: GGUFFile { files[0] }
  /// The tensors, in the order of their names.
  public var tensors: [GGUFTensorInfo] { files.flatMap(\.tensors) }
  /// What a tensor is; nil when there is none of this name.
  public func info(_ name: String) -> GGUFTensorInfo? { places[name]?.tensor }

  /// Refuses the first tensor whose type is not read.
  /// - Throws: `MohawkError` that names tensor and type, and says how to mend it.
  public func checkReadable() throws {
    for file in files { for tensor in file.tensors { try file.checkReadable(tensor) } }
  }

  /// The type in which the numbers are handed out: fp32 for quantised blocks.
  public func shape(of name: String) -> WeightShape? {
    guard let tensor = places[name]?.tensor, let dtype = DType(reading: tensor.type) else { return nil }
    return WeightShape(dtype, tensor.shape)
  }

  public func tensor(_ name: String) throws -> Tensor { try tensor(name, as: nil) }

  /// A tensor, or some of its rows.
  /// - Parameters:
  ///   - name: of the tensor.
  ///   - rows: along the first dimension; nil for all of them.
  ///   - dtype: the type that is wanted; nil for the file's, or fp32 for quantised blocks.
  /// - Returns: on the CPU, over the mapped pages where they hold what is wanted.
  /// - Throws: `MohawkError` when there is no such tensor, or its type is not read.
  public func tensor(_ name: String, rows: Range<Int>? = nil, as dtype: DType?) throws -> Tensor {
    guard let (number, tensor) = places[name] else {
      throw MohawkError(
        .mismatch, "there is no tensor \(quoted(name))", at: path, remedy: "check that this file is whole")
    }
    let file = files[number]
    guard let stored = DType(reading: tensor.type) else {
      try file.checkReadable(tensor)
      throw MohawkError(
        .unsupported, "the tensor \(tensor.name) holds whole numbers, which no weights here are", at: file.path)
    }
    let all = tensor.shape.first ?? 1
    let rows = rows ?? 0..<all
    precondition(0 <= rows.lowerBound && rows.upperBound <= all, "rows \(rows) of \(tensor.shape)")
    let shape = tensor.shape.isEmpty ? [] : [rows.count] + tensor.shape.dropFirst()
    if tensor.type.isQuantized { return try dequantised(tensor, file, rows, shape, dtype ?? .float32) }
    let row = tensor.byteCount / max(all, 1)
    let bytes = file.withBytes(of: tensor) {
      UnsafeRawBufferPointer(rebasing: $0[rows.lowerBound * row..<rows.upperBound * row])
    }
    // The file stays mapped as long as the tensor lives.
    return withoutGradients {
      Tensor.borrowingIfAligned(bytes, shape: shape, dtype: stored, owner: file).to(dtype ?? stored)
    }
  }

  /// Numbers that are in fp32 at once.
  private static let piece = 1 << 22

  private func dequantised(
    _ tensor: GGUFTensorInfo, _ file: GGUFFile, _ rows: Range<Int>, _ shape: [Int], _ dtype: DType
  ) throws -> Tensor {
    let result = Tensor.zeros(shape, dtype)
    let length = tensor.shape.last ?? 1
    guard length > 0, result.count > 0 else { return result }
    // Rows of blocks are counted over all dimensions but the last.
    let inner = tensor.elementCount / length / max(tensor.shape.first ?? 1, 1)
    let (first, count) = (rows.lowerBound * inner, rows.count * inner)
    let step = max(1, Self.piece / length)
    for start in stride(from: 0, to: count, by: step) {
      let part = start..<min(start + step, count)
      let source = first + part.lowerBound..<first + part.upperBound
      if dtype == .float32 {
        try Self.read(tensor, file, source, into: result, at: part.lowerBound * length * 4)
        continue
      }
      let floats = Tensor.zeros([part.count * length])
      try Self.read(tensor, file, source, into: floats, at: 0)
      let converted = withoutGradients { floats.to(dtype) }
      result.withBytes { target in
        converted.withBytes {
          (UnsafeMutableRawPointer(mutating: target.baseAddress!) + part.lowerBound * length * dtype.size)
            .copyMemory(from: $0.baseAddress!, byteCount: $0.count)
        }
      }
    }
    return result
  }

  /// Dequantises rows into the memory of a tensor that nobody else has yet.
  private static func read(
    _ tensor: GGUFTensorInfo, _ file: GGUFFile, _ rows: Range<Int>, into target: Tensor, at offset: Int
  ) throws {
    try target.withBytes { bytes in
      let start = UnsafeMutableRawPointer(mutating: bytes.baseAddress!) + offset
      let count = rows.count * (tensor.shape.last ?? 1)
      try file.readFloats(
        of: tensor, rows: rows,
        into: UnsafeMutableBufferPointer(start: start.assumingMemoryBound(to: Float.self), count: count))
    }
  }
}

extension DType {
  /// The type in which numbers of a GGUF type are handed out; nil for what is not read as weights.
  public init?(reading type: GGUFType) {
    guard type.isReadable else { return nil }
    switch type {
    case .f16: self = .float16
    case .bf16: self = .bfloat16
    case .f64: self = .float64
    default: self = .float32
    }
  }
}
