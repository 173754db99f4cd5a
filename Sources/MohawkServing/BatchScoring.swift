import Foundation
import MohawkDecoding
import MohawkTensor

/// Reads probabilities off logits.
struct BatchScoring {
  private let logits: Tensor
  private let alternatives: Int

  /// - Parameters:
  ///   - logits: fp32 [rows, vocabulary] on the CPU.
  ///   - alternatives: how many of the most likely tokens are told.
  init(_ logits: Tensor, alternatives: Int) {
    self.logits = logits.contiguous()
    self.alternatives = min(alternatives, logits.size(1))
  }

  /// The scores of one token for each row.
  func scores(_ ids: [Int32]) -> [BatchScore] {
    let vocabulary = logits.size(1)
    return withExtendedLifetime(logits) {
      ids.indices.map { row in
        let start = logits.address.assumingMemoryBound(to: Float.self) + row * vocabulary
        return score(ids[row], UnsafeBufferPointer(start: start, count: vocabulary))
      }
    }
  }

  private func score(_ id: Int32, _ row: UnsafeBufferPointer<Float>) -> BatchScore {
    guard LogitWeights.areFinite(row) else { return BatchScore(id: id, logprob: .nan, top: []) }
    let weights = LogitWeights(row, temperature: 1)
    let norm = Double(weights.peak) + log(weights.sums().reduce(0.0) { $0 + Double($1) })
    func logprob(_ id: Int32) -> Float { Float(Double(row[Int(id)]) - norm) }
    return BatchScore(
      id: id, logprob: logprob(id),
      top: mostLikely(row).map { BatchScore.Entry(id: $0, logprob: logprob($0)) })
  }

  /// The ids of the largest logits, the largest first; of equal ones the lower id.
  private func mostLikely(_ row: UnsafeBufferPointer<Float>) -> [Int32] {
    var best: [Int32] = []
    if alternatives == 0 { return best }
    var least = -Float.infinity
    for id in row.indices where best.count < alternatives || row[id] > least {
      let place = best.firstIndex { row[Int($0)] < row[id] } ?? best.count
      best.insert(Int32(id), at: place)
      if best.count > alternatives { best.removeLast() }
      least = row[Int(best.last!)]
    }
    return best
  }
}
