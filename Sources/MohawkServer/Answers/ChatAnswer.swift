import MohawkServing
import MohawkText

/// The answer of `/v1/chat/completions`.
struct ChatAnswer: Answer {
  private struct Choice {
    var text = ""
    var scores: [BatchScore] = []
    var finish: BatchEvent.Finish?
  }

  private let head: AnswerHead
  private let names: TokenNames
  private let scores: Bool
  private var choices: [Choice]
  private var usage: AnswerUsage

  init(_ head: AnswerHead, _ request: BatchRequest, _ tokenizer: Tokenizer) {
    self.head = head
    names = TokenNames(tokenizer: tokenizer)
    scores = request.alternatives != nil
    choices = Array(repeating: Choice(), count: request.choices)
    usage = AnswerUsage(promptTokens: request.prompts[0].count)
  }

  mutating func opening() -> [JSONValue] {
    choices.indices.map { chunk($0, ["role": JSONValue("assistant"), "content": JSONValue("")], nil) }
  }

  mutating func note(_ event: BatchEvent) {
    usage.note(event)
    switch event {
    case .token(let index, let text, let score):
      choices[index].text += text
      if let score { choices[index].scores.append(score) }
    case .finished(let index, let text, let finish, _):
      choices[index].text += text
      choices[index].finish = finish
    case .promptRestored, .promptScored, .failed: break
    }
  }

  mutating func chunks(_ event: BatchEvent) -> [JSONValue] {
    switch event {
    case .token(let index, let text, let score):
      return text.isEmpty && score == nil ? [] : [chunk(index, ["content": JSONValue(text)], nil)]
    case .finished(let index, let text, let finish, _):
      // Text that was held back comes in a chunk of its own, so that the last one says only why it is over.
      let rest = text.isEmpty ? [] : [chunk(index, ["content": JSONValue(text)], nil)]
      return rest + [chunk(index, [:], finish)]
    case .promptRestored, .promptScored, .failed: return []
    }
  }

  private mutating func chunk(
    _ index: Int, _ delta: KeyValuePairs<String, JSONValue>, _ finish: BatchEvent.Finish?
  ) -> JSONValue {
    let logprobs = scores && !choices[index].scores.isEmpty ? logprobs(choices[index].scores) : .null
    choices[index].scores = []
    let choice = JSONValue.members([
      "index": .whole(index), "delta": .members(delta), "logprobs": logprobs,
      "finish_reason": finish.map { JSONValue($0.rawValue) } ?? .null,
    ])
    return head.members("chat.completion.chunk").adding(["choices": .array([choice])])
  }

  var usageChunk: JSONValue {
    head.members("chat.completion.chunk").adding(["choices": .array([]), "usage": usage.json])
  }

  mutating func whole() -> JSONValue {
    let all = choices.enumerated().map { index, choice in
      JSONValue.members([
        "index": .whole(index),
        "message": .members([
          "role": JSONValue("assistant"), "content": JSONValue(choice.text), "refusal": .null,
        ]),
        "logprobs": scores ? logprobs(choice.scores) : .null,
        "finish_reason": choice.finish.map { JSONValue($0.rawValue) } ?? .null,
      ])
    }
    return head.members("chat.completion").adding(["choices": .array(all), "usage": usage.json])
  }

  private func logprobs(_ scores: [BatchScore]) -> JSONValue {
    .members(["content": .array(scores.map(entry)), "refusal": .null])
  }

  private func entry(_ score: BatchScore) -> JSONValue {
    let top = score.top.map { token($0.id, $0.logprob) }
    return token(score.id, score.logprob ?? 0).adding(["top_logprobs": .array(top)])
  }

  private func token(_ id: Int32, _ logprob: Float) -> JSONValue {
    .members([
      "token": JSONValue(names.text(id)), "logprob": .real(logprob),
      "bytes": .array(names.bytes(id).map { .whole(Int($0)) }),
    ])
  }
}
