import MohawkServing
import MohawkText

/// The answer of `/v1/completions`.
struct CompletionAnswer: Answer {
  private struct Choice {
    var text: String
    var scores: CompletionScores?
    var finish: BatchEvent.Finish?
  }

  private let head: AnswerHead
  private let perPrompt: Int
  private var choices: [Choice]
  private var usage: AnswerUsage

  /// - Parameters:
  ///   - echoes: the texts of the prompts, when the answer begins with them.
  ///   - tokenizer: for scores, when they are wanted.
  init(_ head: AnswerHead, _ request: BatchRequest, echoes: [String]?, scoredBy tokenizer: Tokenizer?) {
    self.head = head
    perPrompt = request.choices
    choices = request.prompts.enumerated().flatMap { index, prompt in
      // As generation does, where only the end of a prompt can change how its continuation is written.
      let scores = tokenizer.map { CompletionScores($0, after: echoes == nil ? prompt.suffix(4) : []) }
      return Array(repeating: Choice(text: echoes?[index] ?? "", scores: scores), count: request.choices)
    }
    usage = AnswerUsage(promptTokens: request.prompts.reduce(0) { $0 + $1.count })
  }

  mutating func opening() -> [JSONValue] {
    // What is echoed without scores is known at once; with scores it comes with them.
    choices.indices.compactMap { index in
      choices[index].scores == nil && !choices[index].text.isEmpty ? chunk(index, choices[index].text, nil) : nil
    }
  }

  mutating func note(_ event: BatchEvent) {
    usage.note(event)
    switch event {
    case .promptScored(let prompt, let scores):
      for index in prompt * perPrompt..<(prompt + 1) * perPrompt {
        choices[index].scores?.append(scores)
      }
    case .token(let index, let text, let score):
      choices[index].text += text
      if let score { choices[index].scores?.append([score]) }
    case .finished(let index, let text, let finish, _):
      choices[index].text += text
      choices[index].finish = finish
    case .promptRestored, .failed: break
    }
  }

  mutating func chunks(_ event: BatchEvent) -> [JSONValue] {
    switch event {
    case .promptScored(let prompt, _):
      return (prompt * perPrompt..<(prompt + 1) * perPrompt).map { chunk($0, choices[$0].text, nil) }
    case .token(let index, let text, let score): return text.isEmpty && score == nil ? [] : [chunk(index, text, nil)]
    case .finished(let index, let text, let finish, _): return [chunk(index, text, finish)]
    case .promptRestored, .failed: return []
    }
  }

  private mutating func chunk(_ index: Int, _ text: String, _ finish: BatchEvent.Finish?) -> JSONValue {
    let scores = finish == nil ? choices[index].scores?.take() : nil
    return head.members("text_completion").adding(["choices": .array([Self.choice(index, text, scores, finish)])])
  }

  var usageChunk: JSONValue { head.members("text_completion").adding(["choices": .array([]), "usage": usage.json]) }

  mutating func whole() -> JSONValue {
    let all = choices.indices.map { index in
      Self.choice(index, choices[index].text, choices[index].scores?.take(), choices[index].finish)
    }
    return head.members("text_completion").adding(["choices": .array(all), "usage": usage.json])
  }

  private static func choice(
    _ index: Int, _ text: String, _ scores: JSONValue?, _ finish: BatchEvent.Finish?
  ) -> JSONValue {
    .members([
      "index": .whole(index), "text": JSONValue(text), "logprobs": scores ?? .null,
      "finish_reason": finish.map { JSONValue($0.rawValue) } ?? .null,
    ])
  }
}
