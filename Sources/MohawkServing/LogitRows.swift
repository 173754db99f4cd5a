import MohawkDecoding
import MohawkFiles
import MohawkTensor
import MohawkText

/// Logits of the tokens that may be chosen. Rows of the head beyond the tokenizer's ids, and in gaps between them, are
/// padding and never chosen.
struct LogitRows {
  private let highest: Int
  /// Ids below the highest one that no token has.
  private let gaps: [Int]

  init(_ tokenizer: Tokenizer) {
    highest = Int(tokenizer.highestID)
    gaps = tokenizer.gaps
  }

  /// Reads one row of logits over the vocabulary; nil when its numbers are not finite.
  func read<Result>(_ row: UnsafeBufferPointer<Float>, _ body: (UnsafeBufferPointer<Float>) -> Result) -> Result? {
    let row = UnsafeBufferPointer(rebasing: row[..<min(highest + 1, row.count)])
    guard LogitWeights.areFinite(row) else { return nil }
    if gaps.isEmpty { return body(row) }
    var copy = Array(row)
    for gap in gaps where gap < copy.count { copy[gap] = -.infinity }
    return copy.withUnsafeBufferPointer(body)
  }

  /// Reads logits fp32 [1, vocabulary] where they are.
  /// - Throws: `MohawkError` when they are not finite.
  func read<Result>(_ logits: Tensor, _ body: (UnsafeBufferPointer<Float>) -> Result) throws -> Result {
    precondition(logits.dtype == .float32 && logits.size(0) == 1, "one row of fp32 logits, not \(logits)")
    let row = logits.contiguous()
    let numbers = UnsafeBufferPointer(start: row.address.assumingMemoryBound(to: Float.self), count: row.count)
    guard let result = withExtendedLifetime(row, { read(numbers, body) }) else {
      throw MohawkError(
        .notFinite, "the model's logits are not finite", remedy: "use precision fp32, or a model with sound weights")
    }
    return result
  }
}
