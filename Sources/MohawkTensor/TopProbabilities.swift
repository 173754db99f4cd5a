/// What is kept of rows of probabilities: the largest ones with their ids, and the mass of all others.
public struct TopProbabilities {
  /// `int32` [rows, k], each once in its row.
  public let ids: Tensor
  /// [rows, k], those of `ids`.
  public let probabilities: Tensor
  /// [rows], the sum of all that `ids` does not name.
  public let rest: Tensor

  /// What another part of the program has kept.
  public init(ids: Tensor, probabilities: Tensor, rest: Tensor) {
    precondition(
      ids.dtype == .int32 && ids.rank == 2 && probabilities.shape == ids.shape && rest.shape == [ids.size(0)],
      "ids \(ids), probabilities \(probabilities) and rest \(rest) are not of the same rows")
    self.ids = ids
    self.probabilities = probabilities
    self.rest = rest
  }

  /// Some of the rows.
  public func rows(_ range: Range<Int>) -> TopProbabilities {
    func part(_ tensor: Tensor) -> Tensor { tensor.narrowed(0, from: range.lowerBound, length: range.count) }
    return TopProbabilities(ids: part(ids), probabilities: part(probabilities), rest: part(rest))
  }

  /// The `count` largest of softmax(logits), computed in fp32, or fp64 for logits of fp64; the rest is summed on its own,
  /// so that it is exact however small.
  /// - Parameters:
  ///   - logits: [rows, vocabulary]
  ///   - count: from 1 to the vocabulary.
  public init(of logits: Tensor, count: Int) {
    let all = logits.to(logits.dtype.wide).softmax(-1)
    let (values, indices) = all.topK(count)
    self.init(
      ids: indices.to(.int32), probabilities: values, rest: all.filled(-1, at: indices, with: 0).sum(over: -1))
  }
}
