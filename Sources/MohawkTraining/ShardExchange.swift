import MohawkTensor

/// What sharded optimisers send each other in a step: to every rank the gradients that it moves by, and from every rank the
/// numbers that it has moved. Together these are as many bytes as a sum over all ranks takes.
///
/// Buckets overlap: while one is on its way the next is packed, and the one before is unpacked; those of gradients also
/// with the backward pass, by `GradientSum`. Sums are made in the order of the ranks, so that the same number of ranks
/// always finds the same bits.
public struct ShardExchange {
  /// Bytes of the buckets that are on their way, sent and received, for so many numbers that move.
  public static func bytes(numbers: Double) -> Double {
    4 * min(4 * Double(OptimizerShards.bucketSize), 2 * numbers)
  }

  let ranks: Ranks
  let shards: OptimizerShards

  /// Begins to send a bucket of gradients to the ranks that move by them.
  /// - Parameter gradient: that of a parameter, in one piece.
  func send(_ bucket: OptimizerShards.Bucket, of gradient: (_ parameter: Int) -> Tensor) throws -> Ranks.Pending {
    let own = bucket.count(of: ranks.place.rank)
    return try ranks.exchange(
      Self.packed(bucket.pieces.flatMap { $0 }, of: gradient),
      counts: bucket.pieces.indices.map { bucket.count(of: $0) }, receivedCounts: bucket.pieces.map { _ in own })
  }

  /// Waits for a bucket that was sent, and replaces the gradients of this rank's pieces by their sums over all ranks;
  /// those of other pieces mean nothing then.
  func receive(
    _ pending: Ranks.Pending, of bucket: OptimizerShards.Bucket, into gradient: (_ parameter: Int) -> Tensor
  ) throws {
    let received = try ranks.finish(pending)
    let own = bucket.count(of: ranks.place.rank)
    guard own > 0 else { return }
    let sum = received.narrowed(0, from: 0, length: own)
    for rank in 1..<ranks.place.size { sum.addInPlace(received.narrowed(0, from: rank * own, length: own)) }
    Self.unpack(sum, into: bucket.pieces[ranks.place.rank], of: gradient)
  }

  /// Gives every rank the numbers that the others have moved.
  /// - Parameter values: one per parameter, each in one piece.
  func gather(_ values: [Tensor]) throws {
    try withoutGradients {
      try inTurns { bucket in
        let most = bucket.pieces.indices.map { bucket.count(of: $0) }.max() ?? 0
        let own = Self.packed(bucket.pieces[ranks.place.rank], of: { values[$0] }, padded: most)
        return try ranks.gather(own)
      } finish: { bucket, received in
        let most = received.count / ranks.place.size
        for rank in bucket.pieces.indices where rank != ranks.place.rank {
          let part = received.narrowed(0, from: rank * most, length: bucket.count(of: rank))
          Self.unpack(part, into: bucket.pieces[rank]) { values[$0] }
        }
      }
    }
  }

  /// Begins with a bucket while the one before it is on its way.
  private func inTurns(
    begin: (OptimizerShards.Bucket) throws -> Ranks.Pending, finish: (OptimizerShards.Bucket, Tensor) -> Void
  ) throws {
    var before: (bucket: OptimizerShards.Bucket, pending: Ranks.Pending)?
    for bucket in shards.buckets {
      let pending = try begin(bucket)
      if let before { finish(before.bucket, try ranks.finish(before.pending)) }
      before = (bucket, pending)
    }
    if let before { finish(before.bucket, try ranks.finish(before.pending)) }
  }

  /// Numbers of pieces one behind the other, and zeros up to `padded`.
  private static func packed(_ pieces: [ParameterPiece], of tensor: (Int) -> Tensor, padded: Int = 0) -> Tensor {
    var parts = pieces.map { $0.view(of: tensor($0.parameter)).detached().reshaped(-1) }
    let count = parts.reduce(0) { $0 + $1.count }
    if padded > count { parts.append(.zeros([padded - count], tensor(0).dtype)) }
    return parts.isEmpty ? .zeros([0], tensor(0).dtype) : .concatenated(parts, 0)
  }

  private static func unpack(_ numbers: Tensor, into pieces: [ParameterPiece], of tensor: (Int) -> Tensor) {
    var first = 0
    for piece in pieces {
      let view = piece.view(of: tensor(piece.parameter))
      view.assign(numbers.narrowed(0, from: first, length: piece.range.count).reshaped(view.shape))
      first += piece.range.count
    }
  }
}
