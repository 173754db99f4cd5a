import Foundation
import MohawkMixers
import MohawkTensor

/// What heads are fitted to, and by what: an attention's context on a text, its values and its scores.
struct ContextTargets {
  /// Queries and keys before positions.
  private let unfolded: AttentionHeads
  /// How often each head looks how far back.
  private let distances: [[Double]]
  private let shape: AttentionConfiguration
  private let dimensions: Int
  private let input: Tensor
  /// What attention makes of its values, and these: [batch, heads, length, headDim], fp64.
  let context, values: Tensor
  /// - Parameters:
  ///   - attention: the teacher's.
  ///   - input: what enters it, [batch, length, modelDim].
  ///   - dimensions: of queries and keys that the state has room for.
  init(_ attention: Attention, _ input: Tensor, dimensions: Int) {
    let (matrix, values) = Self.matrixAndValues(attention, input)
    self.input = input.to(.float64, on: .cpu)
    (self.values, self.dimensions) = (values, dimensions)
    shape = attention.configuration
    unfolded = AttentionHeads(attention, self.input)
    distances = Self.distances(matrix, values)
    context = matrix.matmul(values)
  }

  /// Queries and keys with what position does to them on average, and the dimensions that the state keeps.
  /// - Parameter decays: of the heads; what such a head has forgotten of a distance counts less for it. nil: none
  ///   forgets.
  func heads(decays: [Double]? = nil) -> AttentionHeads { kept(folded(decays: decays)) }

  /// The same with all dimensions.
  func folded(decays: [Double]? = nil) -> AttentionHeads {
    var heads = unfolded
    let looks = decays.map { decays in
      zip(distances, decays).map { shares, decay in
        let left = shares.enumerated().map { $0.element * pow(decay, Double($0.offset)) }
        let sum = left.reduce(0, +)
        return sum > 0 ? left.map { $0 / sum } : [1]
      }
    }
    heads.foldRotary(looks ?? distances, shape)
    return heads
  }

  /// Of heads with all dimensions those that the state keeps.
  func kept(_ heads: AttentionHeads) -> AttentionHeads {
    dimensions < shape.headDim ? heads.keeping(heads.strongest(dimensions, on: input)) : heads
  }

  /// Pairs of dimensions that position rotates.
  var rotaryPairs: Int { shape.rotaryDim / 2 }

  /// The scores of such heads, [batch, heads, length, length], fp64.
  func scores(decays: [Double]? = nil) -> Tensor { heads(decays: decays).scores(input) }

  /// Features of such heads, and the mean queries and keys that stand in them.
  func features(of heads: AttentionHeads) -> (means: (query: Tensor, key: Tensor), all: HeadFeatures) {
    let means = heads.means(input, counts: Self.columnsThatCount(values))
    return (means, HeadFeatures(heads, values: values, means, input))
  }

  /// The attention's matrix [batch, heads, length, length] and values [batch, heads, length, headDim] on an input; fp64.
  static func matrixAndValues(_ attention: Attention, _ input: Tensor) -> (matrix: Tensor, values: Tensor) {
    let operands = attention.operands(input, for: .mixing)
    return (
      attention.matrix(operands).to(.float64, on: .cpu),
      attention.values(operands).transposed(1, 2).to(.float64, on: .cpu).contiguous()
    )
  }

  /// 1 where a value is at least half as long as the mean of its sequence, 0 where it is shorter, as those of sinks are:
  /// [batch, heads, length].
  static func columnsThatCount(_ values: Tensor) -> Tensor {
    let lengths = values.square().sum(over: -1).sqrt()
    return (lengths / lengths.mean(over: -1, keep: true)).less(0.5).not().to(.float64, on: .cpu)
  }

  /// For each head how often it looks how far back, each look weighed with the length of the value there. Columns with
  /// values shorter than half of the mean, such as those of sinks, do not count.
  static func distances(_ matrix: Tensor, _ values: Tensor) -> [[Double]] {
    let (batch, heads, length) = (matrix.size(0), matrix.size(1), matrix.size(2))
    let lengths = values.square().sum(over: -1).sqrt()
    let weight = lengths / lengths.mean(over: -1, keep: true) * columnsThatCount(values)
    let looks = (matrix * weight.unsqueezed(-2)).doubles()
    return (0..<heads).map { head in
      var sums = [Double](repeating: 0, count: length)
      for row in 0..<batch {
        let start = (row * heads + head) * length * length
        for i in 0..<length {
          for j in 0...i { sums[i - j] += looks[start + i * length + j] }
        }
      }
      let total = sums.reduce(0, +)
      return total > 0 ? sums.map { $0 / total } : [1]
    }
  }
}
