import MohawkFiles
import MohawkTensor

/// A memory-mapped file of `torch.save` since PyTorch 1.6: a state_dict, or a dictionary with one inside.
///
/// Opening reads and checks the descriptions of the tensors only. Nothing in the file is run: a file that asks for other
/// functions or classes than those of tensors and dictionaries is refused. Tied weights stay tied: their tensors share pages.
public final class TorchFile: WeightStore {
  private let map: MappedFile
  private let archive: TorchArchive

  /// Maps `path` and checks its records. Tensors of a type that cannot be computed with are no reason to refuse the file.
  /// - Throws: `MohawkError` when the file is missing, is no archive of `torch.save`, is damaged, or asks for a function.
  public init(_ path: String) throws {
    map = try MappedFile(path)
    archive = try map.withBytes { try TorchArchive($0, path: path) }
  }

  /// The path as it was given.
  public var path: String { map.path }
  /// The tensors' names, in the order of the dictionary.
  public var names: [String] { archive.names }

  public func shape(of name: String) -> WeightShape? {
    archive.entries[name].flatMap { entry in entry.dtype.map { WeightShape($0, entry.sizes) } }
  }

  /// A tensor on the CPU. It borrows the map where its elements lie in order; a view with other strides is a copy.
  public func tensor(_ name: String) throws -> Tensor {
    try map.withBytes { try archive.tensor(name, in: $0, owner: map, path: path) }
  }
}

/// The elements of a strided view, one after another in memory of its own.
final class RowMajorCopy {
  /// The copy, gone with this object.
  let bytes: UnsafeRawBufferPointer

  /// - Parameters:
  ///   - source: from the view's first element to its last one.
  ///   - sizes: the size of every dimension, none of them 0.
  ///   - strides: in elements.
  init(_ source: UnsafeRawBufferPointer, sizes: [Int], strides: [Int], elementSize: Int) {
    let target = UnsafeMutableRawBufferPointer.allocate(
      byteCount: sizes.reduce(elementSize, *), alignment: 64)
    switch elementSize {
    case 1: Self.copy(source, to: target, sizes, strides, UInt8.self)
    case 2: Self.copy(source, to: target, sizes, strides, UInt16.self)
    case 4: Self.copy(source, to: target, sizes, strides, UInt32.self)
    default: Self.copy(source, to: target, sizes, strides, UInt64.self)
    }
    bytes = UnsafeRawBufferPointer(target)
  }

  deinit { bytes.deallocate() }

  private static func copy<Element: BitwiseCopyable>(
    _ source: UnsafeRawBufferPointer, to target: UnsafeMutableRawBufferPointer, _ sizes: [Int], _ strides: [Int],
    _ type: Element.Type
  ) {
    let width = MemoryLayout<Element>.size
    let (row, step) = (sizes.last ?? 1, strides.last ?? 0)
    var index = [Int](repeating: 0, count: sizes.count)
    var (start, written) = (0, 0)
    while true {
      for column in 0..<row {
        let element = source.loadUnaligned(fromByteOffset: (start + column * step) * width, as: type)
        target.storeBytes(of: element, toByteOffset: written, as: type)
        written += width
      }
      var dimension = sizes.count - 2
      while dimension >= 0 {
        index[dimension] += 1
        start += strides[dimension]
        if index[dimension] < sizes[dimension] { break }
        start -= index[dimension] * strides[dimension]
        index[dimension] = 0
        dimension -= 1
      }
      if dimension < 0 { return }
    }
  }
}
