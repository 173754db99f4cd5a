import MohawkFiles

/// The order in which training sees its tokens: a pure function of the seed and the step, so resuming is exact.
///
/// The tokens are cut into windows of `length`; each row is a window and the token after it, so that inputs are the first
/// `length` ids and targets the last `length`. In an epoch each window comes once, in an order of its own.
public struct TokenBatches: Sendable {
  /// Tokens that a row predicts.
  public let length: Int
  /// How many windows there are in an epoch.
  public let windows: Int
  /// Windows that are left out, because no target in them is part of an answer.
  public let leftOut: Int
  /// Decides the order.
  public let seed: UInt64

  /// What is repeated inside sequences; nil for text as it is.
  public let repeats: RepeatedSpans?

  private let shards: TokenShards
  private let start: Int
  /// Of a loss on answers the windows that have a token which counts; nil where all are used.
  private let chosen: [Int32]?

  /// - Parameters:
  ///   - shards: the tokens.
  ///   - length: tokens per window.
  ///   - seed: decides the order.
  ///   - start: tokens before this position are never used: they may be held out.
  ///   - repeats: what is repeated inside sequences; nil for text as it is. It moves tokens, so that no loss mask can go
  ///     with it.
  ///   - lossOnAnswers: whether windows are left out in which no target is part of an answer; the shards must have a loss
  ///     mask.
  /// - Throws: `MohawkError` when there are fewer than `length + 1` tokens, or none that counts.
  public init(
    _ shards: TokenShards, length: Int, seed: UInt64, from start: Int = 0, repeats: RepeatedSpans? = nil,
    lossOnAnswers: Bool = false
  ) throws {
    precondition(length > 0, "the length must be positive, got \(length)")
    precondition(start >= 0, "the start must not be negative, got \(start)")
    precondition(repeats == nil || !lossOnAnswers, "a loss mask with repeated spans")
    let all = try Self.windows(in: shards.count - start, length: length)
    chosen =
      lossOnAnswers
      ? (0..<all).filter {
        shards.lossMask(in: start + $0 * length + 1..<start + ($0 + 1) * length + 1).contains(true)
      }.map(Int32.init) : nil
    windows = chosen?.count ?? all
    leftOut = all - windows
    guard windows > 0 else {
      throw MohawkError(
        .invalidValue, "there is no answer in the text to learn from",
        remedy: "give conversations in which the assistant speaks, or learn from all tokens (data.lossOn=all)")
    }
    self.shards = shards
    self.length = length
    self.seed = seed
    self.start = start
    self.repeats = repeats
  }

  /// The rows of one step.
  ///
  /// Step `s` of a run with `rows` rows per step takes the samples `s * rows..<(s + 1) * rows` of an endless sequence of
  /// epochs.
  /// - Returns: `[rows, length + 1]`, row after row.
  public func batch(step: Int, rows: Int) -> [Int32] {
    precondition(step >= 0 && rows >= 0, "batch(step: \(step), rows: \(rows))")
    return batch(samples: step * rows..<(step + 1) * rows)
  }

  /// The rows of a range of samples: a worker's share of a step, say.
  /// - Returns: `[samples, length + 1]`, row after row.
  public func batch(samples: Range<Int>) -> [Int32] {
    let row = length + 1
    return [Int32](unsafeUninitializedCapacity: samples.count * row) { buffer, filled in
      var epoch = -1
      var order = SeededPermutation(count: 0, seed: seed)
      for (index, sample) in samples.enumerated() {
        if sample / windows != epoch {
          epoch = sample / windows
          order = SeededPermutation(count: windows, seed: seed, stream: UInt64(epoch))
        }
        let window = place(order[sample % windows])
        let target = UnsafeMutableBufferPointer(rebasing: buffer[index * row..<(index + 1) * row])
        shards.copy(from: start + window * length, into: target)
        repeats?.apply(to: target, window: window)
      }
      filled = samples.count * row
    }
  }

  /// Which targets of a range of samples are part of an answer, row after row.
  public func lossMask(samples: Range<Int>) -> [Bool] {
    samples.flatMap { sample in
      let first = start + place(window(ofSample: sample)) * length + 1
      return shards.lossMask(in: first..<first + length)
    }
  }

  /// Where the window with this number stands among all windows.
  private func place(_ window: Int) -> Int { chosen.map { Int($0[window]) } ?? window }

  /// Which window the `sample`-th row of the endless sequence of epochs is.
  public func window(ofSample sample: Int) -> Int {
    SeededPermutation(count: windows, seed: seed, stream: UInt64(sample / windows))[sample % windows]
  }

  static func windows(in count: Int, length: Int) throws -> Int {
    guard count > length else {
      throw MohawkError(
        .invalidValue, "there are \(max(0, count)) tokens, but one sequence of length \(length) requires \(length + 1)",
        remedy: "use more text or a shorter sequence")
    }
    return (count - 1) / length
  }
}
