import Foundation
import MohawkTensor

/// Named tensors of a checkpoint, whatever files hold them.
public protocol WeightStore: Sendable {
  /// What to name in messages: the file, or the index of its shards.
  var path: String { get }
  /// Every tensor's name, also of those that cannot be read.
  var names: [String] { get }
  /// The type and shape of a tensor; nil when there is none of this name, and when its elements are of a type to which no
  /// `DType` corresponds: `tensor` then says which.
  func shape(of name: String) -> WeightShape?
  /// The tensor, on the CPU, in the type of the file, over the mapped pages of the file where that is possible: copy
  /// it before changing it in place.
  /// - Throws: `MohawkError` when there is no such tensor, or its bytes are not what they should be.
  func tensor(_ name: String) throws -> Tensor
}

extension WeightStore {
  /// Whether another checkpoint holds the same numbers under a name; reads them until they differ.
  /// - Parameters:
  ///   - other: the other checkpoint.
  ///   - name: the tensor's name here.
  ///   - otherName: its name there; the same when not given.
  /// - Throws: `MohawkError` when one of them has no such tensor.
  public func holdsTheSame(_ other: any WeightStore, under name: String, as otherName: String? = nil) throws -> Bool {
    let otherName = otherName ?? name
    guard let shape = shape(of: name), let otherShape = other.shape(of: otherName), shape.sizes == otherShape.sizes
    else { return false }
    let (one, two) = (try tensor(name), try other.tensor(otherName))
    if shape.dtype == otherShape.dtype {
      return one.contiguous().withBytes { first in
        two.contiguous().withBytes { second in
          guard let mine = first.baseAddress, let theirs = second.baseAddress else { return true }
          return mine == theirs || memcmp(mine, theirs, first.count) == 0
        }
      }
    }
    return withoutGradients { one.to(.float64).differs(two.to(.float64)).to(.int64).sum().intItem() == 0 }
  }
}

/// The type and the size of every dimension of a tensor in a file.
public struct WeightShape: Sendable, Equatable {
  /// The element type in the file.
  public let dtype: DType
  /// The size of every dimension.
  public let sizes: [Int]

  /// A type and sizes.
  public init(_ dtype: DType, _ sizes: [Int]) {
    self.dtype = dtype
    self.sizes = sizes
  }

  /// Bytes of all elements.
  public var byteCount: Int { sizes.reduce(dtype.size, *) }
}

extension SafetensorsFile: WeightStore {
  public func shape(of name: String) -> WeightShape? { entries[name].map { WeightShape($0.dtype, $0.shape) } }
  public func tensor(_ name: String) throws -> Tensor { try tensor(name, checkFinite: false) }
}
