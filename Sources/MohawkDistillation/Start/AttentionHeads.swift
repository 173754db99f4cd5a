import Foundation
import MohawkLayers
import MohawkMixers
import MohawkTensor

/// Queries and keys of an attention as linear maps of its input, a pair for each head, fp64.
///
/// Grouped keys are repeated for every head of the queries. Where queries and keys pass a norm, its mean factor over the
/// calibration text stands for it.
struct AttentionHeads {
  /// [heads, headDim, modelDim]
  var query, key: Tensor
  /// [heads, headDim, 1]
  var queryBias, keyBias: Tensor
  let scale: Double

  init(_ attention: Attention, _ input: Tensor) {
    let shape = attention.configuration
    scale = shape.resolvedScale
    func part(_ linear: Linear, _ heads: Int, _ norm: RMSNorm?) -> (Tensor, Tensor) {
      var weight = linear.weight.detached().to(.float64, on: .cpu).reshaped(heads, shape.headDim, shape.modelDim)
      var bias = (linear.bias?.detached().to(.float64, on: .cpu) ?? Tensor.zeros([heads * shape.headDim], .float64))
        .reshaped(heads, shape.headDim, 1)
      if let norm {
        let rows = Self.activations(input, weight, bias)
        var squares = rows.square().mean(over: -1, keep: true)
        if shape.normsAcrossHeads { squares = squares.mean(over: 1, keep: true) }
        let inverse = (squares + norm.epsilon).rsqrt().mean(over: 0, 2)
        let factor =
          norm.weight.detached().to(.float64, on: .cpu).reshaped(-1, shape.headDim, 1) * inverse.reshaped(-1, 1, 1)
        weight = weight * factor
        bias = bias * factor
      }
      let repeats = shape.heads / heads
      return (weight.repeatedEach(repeats, 0), bias.repeatedEach(repeats, 0))
    }
    (query, queryBias) = part(attention.query, shape.heads, attention.queryNorm)
    (key, keyBias) = part(attention.key, shape.kvHeads, attention.keyNorm)
  }

  /// [batch, length, modelDim] to [batch, heads, length, headDim].
  static func activations(_ input: Tensor, _ weight: Tensor, _ bias: Tensor) -> Tensor {
    input.unsqueezed(1).matmul(weight.transposed()) + bias.transposed()
  }

  /// Rotary positions in expectation: every pair of a query's dimensions is rotated and shortened to the mean of what
  /// position does to it over the distances at which its head looks.
  /// - Parameters:
  ///   - distances: for each head the shares of its distances, from 0.
  ///   - shape: the rotary frequencies.
  mutating func foldRotary(_ distances: [[Double]], _ shape: AttentionConfiguration) {
    guard shape.rotaryDim > 0 else { return }
    let half = shape.rotaryDim / 2
    let frequencies = shape.rotaryScaling.frequencies(dimensions: shape.rotaryDim, base: shape.rotaryBase)
    // Queries and keys are both multiplied by it.
    let magnitude = shape.rotaryScaling.magnitude * shape.rotaryScaling.magnitude
    var cosines: [Double] = []
    var sines: [Double] = []
    for shares in distances {
      var (c, s) = (frequencies.map { _ in 0.0 }, frequencies.map { _ in 0.0 })
      for (distance, share) in shares.enumerated() where share > 0 {
        for (index, frequency) in frequencies.enumerated() {
          c[index] += magnitude * share * cos(frequency * Double(distance))
          s[index] += magnitude * share * sin(frequency * Double(distance))
        }
      }
      cosines += c
      sines += s
    }
    multiplyPairs(
      Tensor(cosines, shape: [distances.count, half, 1]), Tensor(sines, shape: [distances.count, half, 1]))
  }

  /// Multiplies every pair of a query's first dimensions by a complex number, given in two parts [heads, pairs, 1], and the
  /// others by one number a head.
  mutating func multiplyPairs(_ c: Tensor, _ s: Tensor, rest factor: Tensor? = nil) {
    let half = c.size(1)
    func folded(_ x: Tensor) -> Tensor {
      let (first, second) = (x.narrowed(1, from: 0, length: half), x.narrowed(1, from: half, length: half))
      var parts = [first * c - second * s, second * c + first * s]
      let rest = x.size(1) - 2 * half
      if rest > 0 {
        let others = x.narrowed(1, from: 2 * half, length: rest)
        parts.append(factor.map { others * $0 } ?? others)
      }
      return .concatenated(parts, 1)
    }
    query = folded(query)
    queryBias = folded(queryBias)
  }

  /// Multiplies every rotary pair of the queries by what was fitted.
  mutating func apply(_ pairs: PairFit) {
    func column(_ rows: [[Double]]) -> Tensor { Tensor(rows.flatMap(\.self), shape: [rows.count, rows[0].count, 1]) }
    multiplyPairs(column(pairs.real), column(pairs.imaginary), rest: column(pairs.rest.map { [$0] }))
  }

  /// For each head the dimensions that carry the most of its scores, in ascending order.
  func strongest(_ count: Int, on input: Tensor) -> [[Int]] {
    ranked(on: input).map { $0.prefix(count).sorted() }
  }

  /// For each head the dimension from `first` on that carries the least of its scores.
  func weakest(from first: Int, on input: Tensor) -> [Int] {
    ranked(on: input).map { $0.last { $0 >= first }! }
  }

  /// For each head its dimensions, those that carry the most of its scores first.
  private func ranked(on input: Tensor) -> [[Int]] {
    let energy =
      Self.activations(input, query, queryBias).square().mean(over: 0, 2)
      * Self.activations(input, key, keyBias).square().mean(over: 0, 2)
    let (heads, width) = (energy.size(0), energy.size(1))
    let all = energy.doubles()
    return (0..<heads).map { head in
      let row = all[head * width..<(head + 1) * width]
      return row.indices.sorted { (row[$0], $1) > (row[$1], $0) }.map { $0 - head * width }
    }
  }

  /// The same with these dimensions of each head only.
  func keeping(_ dimensions: [[Int]]) -> AttentionHeads {
    func kept(_ x: Tensor) -> Tensor {
      let rows = dimensions.enumerated().map { head, kept in
        x.selected(0, head).indexed(0, Tensor(kept.map(Int64.init)))
      }
      return .stacked(rows)
    }
    var copy = self
    (copy.query, copy.key) = (kept(query), kept(key))
    (copy.queryBias, copy.keyBias) = (kept(queryBias), kept(keyBias))
    return copy
  }

  /// Takes rows of B for keys and of C for queries, without biases; the last row of each head is left to the constant.
  /// - Parameter drawn: [2 heads · stateDim, modelDim].
  mutating func replaceByRows(_ drawn: Tensor) {
    let (heads, width) = (query.size(0), query.size(2))
    let rows = drawn.reshaped(2, heads, -1, width)
    let kept = rows.size(2) - 1
    (key, query) = (
      rows.selected(0, 0).narrowed(1, from: 0, length: kept), rows.selected(0, 1).narrowed(1, from: 0, length: kept)
    )
    queryBias = .zeros([heads, kept, 1], .float64)
    keyBias = queryBias
  }

  /// The mean query, and the mean key over the columns that count: [heads, dimensions, 1].
  /// - Parameter counts: 1 or 0 for each key, [batch, heads, length].
  func means(_ input: Tensor, counts: Tensor) -> (query: Tensor, key: Tensor) {
    let weights = counts / counts.sum(over: 0, 2, keep: true)
    let keys = (Self.activations(input, key, keyBias) * weights.unsqueezed(-1)).sum(over: 0, 2)
    return (Self.activations(input, query, queryBias).mean(over: 0, 2).unsqueezed(-1), keys.unsqueezed(-1))
  }

  /// The scores, [batch, heads, length, length].
  func scores(_ input: Tensor) -> Tensor {
    Self.activations(input, query, queryBias).matmul(Self.activations(input, key, keyBias).transposed()) * scale
  }
}
