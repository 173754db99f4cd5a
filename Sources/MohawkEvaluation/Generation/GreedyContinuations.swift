import MohawkModels
import MohawkTensor

/// Greedy continuations of several prompts at once.
enum GreedyContinuations {
  /// - Parameters:
  ///   - model: what continues.
  ///   - prompts: tokens of each text, at least one.
  ///   - limit: new tokens at most; the model's bound counts too.
  ///   - told: called with the tokens that have been read.
  /// - Returns: the new tokens, up to the end of text and without it.
  static func of(
    _ model: EvaluatedModel, _ prompts: [[Int32]], limit: Int, told: (Int) -> Void = { _ in }
  ) -> [[Int32]] {
    // Rows of the head beyond the tokenizer's ids are padding and never chosen.
    let rows = min(Int(model.tokenizer.highestID) + 1, model.engine.vocabulary)
    func likeliest(_ logits: Tensor) -> [Int32] {
      logits.narrowed(-1, from: 0, length: rows).argmax(-1).integers().map(Int32.init)
    }
    return withoutGradients {
      var texts: [[Int32]] = prompts.map { _ in [] }
      var states: [ModelState] = []
      var next: [Int32] = []
      for prompt in prompts {
        let state = model.engine.emptyState()
        model.read(prompt, state, from: prompt.count - 1) { logits, _ in next += likeliest(logits) }
        states.append(state)
        told(prompt.count)
      }
      var running = Array(prompts.indices)
      for _ in 0..<limit {
        running = running.filter { index in
          guard next[index] != model.tokenizer.endOfText, texts[index].count < limit else { return false }
          texts[index].append(next[index])
          return texts[index].count < limit && states[index].position < model.longest ?? .max
        }
        if running.isEmpty { break }
        let logits = likeliest(model.engine.step(running.map { next[$0] }, running.map { states[$0] }))
        for (index, id) in zip(running, logits) { next[index] = id }
        told(running.count)
      }
      return texts
    }
  }
}
