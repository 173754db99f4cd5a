import MohawkTensor

/// The token sequences of a step, and which of their tokens count in the loss.
public struct TrainingBatch {
  /// Ids, int64 [rows, length + 1]: inputs are the first `length` of a row, targets the last.
  public let tokens: Tensor
  /// For each target, row after row, whether it counts in the loss; nil where all do.
  public let lossMask: [Bool]?

  /// - Parameters:
  ///   - tokens: ids, int64 [rows, length + 1].
  ///   - lossMask: one entry per target, with at least one true; nil where all targets count.
  public init(_ tokens: Tensor, lossMask: [Bool]? = nil) {
    precondition(
      tokens.rank == 2 && tokens.dtype == .int64, "a batch is int64 [rows, length + 1], not \(tokens)")
    if let lossMask {
      precondition(
        lossMask.count == tokens.size(0) * (tokens.size(1) - 1) && lossMask.contains(true),
        "a loss mask of \(lossMask.count) entries for \(tokens)")
    }
    self.tokens = tokens
    self.lossMask = lossMask
  }

  /// How many targets count in the loss.
  public var lossTokens: Int { lossMask?.count { $0 } ?? tokens.size(0) * (tokens.size(1) - 1) }

  /// Some of the rows.
  public func rows(_ range: Range<Int>) -> TrainingBatch {
    let length = tokens.size(1) - 1
    return TrainingBatch(
      tokens.narrowed(0, from: range.lowerBound, length: range.count),
      lossMask: lossMask.map { Array($0[range.lowerBound * length..<range.upperBound * length]) })
  }

  /// Of a tensor with a row for every target those that count in the loss.
  /// - Parameter perTarget: [rows · length, ..].
  public func counted(_ perTarget: Tensor) -> Tensor { indices.map { perTarget.indexed(0, $0) } ?? perTarget }

  /// Of what was kept of a teacher's probabilities for every target the rows that count in the loss.
  public func counted(_ perTarget: TopProbabilities) -> TopProbabilities {
    guard let indices else { return perTarget }
    return TopProbabilities(
      ids: perTarget.ids.indexed(0, indices), probabilities: perTarget.probabilities.indexed(0, indices),
      rest: perTarget.rest.indexed(0, indices))
  }

  private var indices: Tensor? {
    lossMask.map { mask in
      let places = mask.indices.filter { mask[$0] }.map(Int32.init)
      return Tensor(places, shape: [places.count]).to(.int64, on: tokens.device)
    }
  }
}
