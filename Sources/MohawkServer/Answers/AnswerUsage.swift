import MohawkServing
import MohawkText

/// What a request has cost.
struct AnswerUsage {
  let promptTokens: Int
  private var cachedTokens = 0
  private(set) var newTokens = 0
  private(set) var stateBytes = 0

  init(promptTokens: Int) { self.promptTokens = promptTokens }

  mutating func note(_ event: BatchEvent) {
    switch event {
    case .token: newTokens += 1
    case .finished(_, _, _, let bytes): stateBytes += bytes
    case .promptRestored(_, let count): cachedTokens += count
    case .promptScored, .failed: break
    }
  }

  /// `state_bytes`, what the model remembered of the texts at their end, is this server's addition.
  var json: JSONValue {
    .members([
      "prompt_tokens": .whole(promptTokens), "completion_tokens": .whole(newTokens),
      "total_tokens": .whole(promptTokens + newTokens), "state_bytes": .whole(stateBytes),
      "prompt_tokens_details": .members(["cached_tokens": .whole(cachedTokens)]),
    ])
  }
}
