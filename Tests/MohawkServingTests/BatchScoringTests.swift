import MohawkTensor
import Testing

@testable import MohawkServing

@Suite struct BatchScoringTests {
  @Test func scoresAreLogarithmsOfProbabilities() {
    let logits = RandomGenerator(seed: 5).normal([3, 1000]) * 4
    let ids: [Int32] = [0, 999, 500]
    let scores = BatchScoring(logits, alternatives: 7).scores(ids)
    let expected = logits.logSoftmax(-1)
    let best = expected.topK(7)
    let (all, places, values) = (expected.floats(), best.indices.integers(), best.values.floats())
    for (row, score) in scores.enumerated() {
      #expect(score.id == ids[row])
      #expect(abs(score.logprob! - all[row * 1000 + Int(ids[row])]) < 1e-5)
      #expect(score.top.map { Int($0.id) } == Array(places[row * 7..<row * 7 + 7]))
      for (entry, value) in zip(score.top, values[row * 7..<row * 7 + 7]) { #expect(abs(entry.logprob - value) < 1e-5) }
    }
  }

  @Test func ofEquallyLikelyTokensTheLowerIdComesFirst() {
    let logits = Tensor([1, 3, 3, 2, 3] as [Float], shape: [1, 5])
    #expect(BatchScoring(logits, alternatives: 2).scores([0])[0].top.map(\.id) == [1, 2])
    #expect(BatchScoring(logits, alternatives: 9).scores([0])[0].top.map(\.id) == [1, 2, 4, 3, 0])
    #expect(BatchScoring(logits, alternatives: 0).scores([0])[0].top.isEmpty)
  }

  @Test func whatIsNotFiniteHasNoScore() {
    let logits = Tensor([1, .nan, 0] as [Float], shape: [1, 3])
    let score = BatchScoring(logits, alternatives: 2).scores([0])[0]
    #expect(score.logprob!.isNaN && score.top.isEmpty)
  }
}
