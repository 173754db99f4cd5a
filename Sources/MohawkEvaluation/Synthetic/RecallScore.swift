import MohawkModels
import MohawkTensor

/// How much of a problem's answers a model finds.
///
/// The model reads the answers too, and at each of their places its likeliest token is compared. All tokens of an answer
/// are right exactly when greedy generation gives this answer, because up to its first mistake it would have read the
/// same; nothing need be generated.
struct RecallScore: Equatable {
  /// The share of answers that greedy generation gives.
  let exact: Double
  /// The share of answers' tokens that are right after the right tokens before them.
  let tokens: Double

  init(_ problem: RecallProblem, by model: EvaluatedModel) {
    let ids = problem.ids
    let first = problem.answers[0].lowerBound
    var likeliest = [Int](repeating: -1, count: ids.count)
    withoutGradients {
      // What comes after the token at `place` is the token at `place + 1`.
      model.read(ids.dropLast(), model.engine.emptyState(), from: first - 1) { logits, place in
        for (row, id) in logits.argmax(-1).integers().enumerated() { likeliest[place + row + 1] = id }
      }
    }
    var rightAnswers = 0
    var rightTokens = 0
    for answer in problem.answers {
      let right = answer.count { likeliest[$0] == Int(ids[$0]) }
      rightTokens += right
      if right == answer.count { rightAnswers += 1 }
    }
    exact = Double(rightAnswers) / Double(problem.answers.count)
    tokens = Double(rightTokens) / Double(problem.answers.reduce(0) { $0 + $1.count })
  }
}
