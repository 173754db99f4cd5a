import Foundation
import MohawkTensor

/// Reads probabilities off logits.
struct BatchScoring {
  /// Logarithms of probabilities, fp32 [rows, vocabulary].
  private let values: Tensor
  private let top: (ids: [Int], values: [Float])?
  private let alternatives: Int

  /// - Parameters:
  ///   - logits: fp32 [rows, vocabulary].
  ///   - alternatives: how many of the most likely tokens are told.
  init(_ logits: Tensor, alternatives: Int) {
    values = logits.logSoftmax(-1)
    self.alternatives = min(alternatives, logits.size(1))
    if self.alternatives > 0 {
      let best = values.topK(self.alternatives)
      top = (best.indices.integers(), best.values.floats())
    } else {
      top = nil
    }
  }

  /// The scores of one token for each row.
  func scores(_ ids: [Int32]) -> [BatchScore] {
    let index = Tensor(ids.map(Int64.init), shape: [ids.count, 1])
    let logprobs = values.gathered(1, index).floats()
    return ids.indices.map { row in
      BatchScore(id: ids[row], logprob: logprobs[row], top: entries(row))
    }
  }

  private func entries(_ row: Int) -> [BatchScore.Entry] {
    guard let top else { return [] }
    let range = row * alternatives..<(row + 1) * alternatives
    return range.map { BatchScore.Entry(id: Int32(top.ids[$0]), logprob: top.values[$0]) }
  }
}
