import MohawkMixers
import MohawkTensor

/// What heads are fitted to, and by what: an attention's context on a text, its values and its scores.
struct ContextTargets {
  /// Queries and keys with what position does to them on average, and the dimensions that the state keeps.
  let heads: AttentionHeads
  /// What attention makes of its values, and these: [batch, heads, length, headDim], fp64.
  let context, values: Tensor
  /// [batch, heads, length, length], fp64.
  let scores: Tensor

  /// - Parameters:
  ///   - attention: the teacher's.
  ///   - input: what enters it, [batch, length, modelDim].
  ///   - dimensions: of queries and keys that the state has room for.
  init(_ attention: Attention, _ input: Tensor, dimensions: Int) {
    let shape = attention.configuration
    let (matrix, values) = Self.matrixAndValues(attention, input)
    let wide = input.to(.float64, on: .cpu)
    var heads = AttentionHeads(attention, wide)
    heads.foldRotary(Self.distances(matrix, values), shape)
    if dimensions < shape.headDim { heads = heads.keeping(heads.strongest(dimensions, on: wide)) }
    self.heads = heads
    self.values = values
    context = matrix.matmul(values)
    scores = heads.scores(wide)
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
