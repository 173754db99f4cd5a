import MohawkTensor
import Testing

@testable import MohawkEvaluation

@Suite struct FreeGenerationTests {
  @Test func textsContinueTogetherAsTheyDoAlone() throws {
    let model = try TinyEvaluated.model([.discreteMamba2, .attention])
    let prompts: [[Int32]] = [[1, 2, 3], [7], [9, 8, 7, 6, 5]]
    let together = GreedyContinuations.of(model, prompts, limit: 12)
    for (prompt, text) in zip(prompts, together) {
      var ids = prompt
      while ids.count < prompt.count + 12 {
        let row = Tensor(ids.map(Int64.init), shape: [1, ids.count])
        let next = withoutGradients { model.engine.model(row).selected(1, ids.count - 1).argmax(-1).intItem() }
        if Int32(next) == model.tokenizer.endOfText { break }
        ids.append(Int32(next))
      }
      #expect(Array(ids[prompt.count...]) == text)
    }
  }

  @Test func continuationsEndAtTheModelsBound() throws {
    let model = try TinyEvaluated.model([.attention], maxLength: 10)
    #expect(GreedyContinuations.of(model, [[1, 2, 3, 4]], limit: 50)[0].count <= 7)
  }

  @Test func aModelAgreesWithItselfToTheEnd() throws {
    let model = try TinyEvaluated.model([.discreteMamba2, .discreteMamba2])
    var options = TaskOptions()
    options.limit = 3
    let task = try EvaluationTask.all(["generation"], options)[0]
    let alone = try task.run(model).outcomes[0]
    let same = try task.run(model, teacher: model).outcomes[0]
    #expect(alone.measures == same.measures && alone.judged == 3)
    let other = try TinyEvaluated.model([.attention, .attention])
    let measures = try task.run(other, teacher: model).outcomes[0].measures
    #expect(measures.map(\.name) == ["agreeing_tokens", "teacher_nll", "distinct_1", "distinct_2", "distinct_3"])
    #expect(measures[0].value < alone.measures[0].value)
    // Nothing is less surprising to a model, token by token, than what it finds likeliest itself.
    #expect(measures[1].value > alone.measures[1].value)
  }

  @Test func distinctRunsAreCounted() {
    let texts: [[Int32]] = [[1, 2, 1, 2], [1, 2]]
    #expect(FreeGeneration.distinct(1, in: texts) == 2.0 / 6)
    #expect(FreeGeneration.distinct(2, in: texts) == 2.0 / 4)
    #expect(FreeGeneration.distinct(3, in: texts) == 2.0 / 2)
    #expect(FreeGeneration.distinct(5, in: texts).isNaN)
  }

  @Test func surpriseIsTheMeanOfWhatLikelihoodsSay() throws {
    let model = try TinyEvaluated.model([.discreteMamba2, .attention])
    let (prompts, texts): ([[Int32]], [[Int32]]) = ([[1, 2], [3, 4, 5]], [[6, 7, 8], [9]])
    let likelihoods = ContinuationScorer(model: model).score(
      zip(prompts, texts).map { [TokenPair(context: $0, continuation: $1)] })
    let mean = -likelihoods.reduce(0) { $0 + $1[0].logProbability } / 4
    #expect(abs(FreeGeneration.surprise(of: texts, after: prompts, to: model) - mean) < 1e-5)
  }
}
