import MohawkLayers
import MohawkTensor

/// Numbers of one parameter that lie behind each other: what one rank keeps moments of.
public struct ParameterPiece: Equatable, Sendable {
  /// The parameter's place among all.
  public var parameter: Int
  /// Which of its numbers, in row-major order.
  public var range: Range<Int>

  /// These numbers of a tensor of the parameter's shape: the tensor itself where they are all, otherwise a view of one
  /// dimension.
  func view(of tensor: Tensor) -> Tensor {
    if range == 0..<tensor.count { return tensor }
    precondition(tensor.isContiguous, "\(tensor) is not in one piece")
    return tensor.reshaped(-1).narrowed(0, from: range.lowerBound, length: range.count)
  }

  /// What moments of these numbers are called in a checkpoint: `w.first`, or `w.first[100..<200]` where they are not all.
  static func name(_ base: String, _ range: Range<Int>, of count: Int) -> String {
    range == 0..<count ? base : "\(base)[\(range.lowerBound)..<\(range.upperBound)]"
  }
}

/// Moments as an optimiser keeps them: of a whole parameter, or of some of its numbers.
public struct Moments {
  /// What they are called for the whole parameter, such as `w.first`.
  let base: String
  /// Which of the parameter's numbers.
  let range: Range<Int>
  /// How many numbers the parameter has.
  let count: Int
  /// The numbers, in the parameter's shape or in one dimension.
  let tensor: Tensor

  /// The name in a checkpoint.
  var name: String { ParameterPiece.name(base, range, of: count) }
}
