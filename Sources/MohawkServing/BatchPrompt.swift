import MohawkModels

/// A prompt that is being read, piece by piece.
final class BatchPrompt {
  let job: BatchJob
  let index: Int
  var state: ModelState
  /// Tokens that the state has seen.
  var count = 0
  var scores: [BatchScore] = []
  /// Whether a known beginning was looked for.
  var wasRestored = false

  init(_ job: BatchJob, index: Int, state: ModelState) {
    self.job = job
    self.index = index
    self.state = state
  }

  var ids: [Int32] { job.request.prompts[index] }
  var isRead: Bool { count == ids.count }
}

/// Where texts are cut when they are read.
///
/// The cuts stand after the same numbers of tokens for all texts, whoever else is being read and whatever the cache
/// holds. A state at a cut is therefore the same to the last bit however it came about.
struct BatchPieces {
  /// Tokens of a piece.
  let length: Int
  /// States after multiples of so many tokens are kept.
  private let every: Int

  /// Long pieces make good use of the processor, short ones leave little to be read again.
  private static let usualLength = 128

  init(slice: Int, every: Int) {
    length = min(slice, Self.usualLength)
    self.every = max(1, every / length) * length
  }

  /// The end of the next piece of a text that is read up to `count`.
  func end(after count: Int, of total: Int) -> Int { min(total, (count / length + 1) * length) }

  /// The last cut of a text.
  func last(of total: Int) -> Int { total / length * length }

  /// Whether the state there is worth keeping: now and then in long texts, and where the next text is likely to part
  /// from this one, near its end.
  func isKept(_ place: Int, of total: Int) -> Bool {
    place % length == 0 && (place % every == 0 || place + length >= total)
  }
}
