import MohawkServing
import MohawkText

/// The `logprobs` of a completion: four lists, one entry for each token.
struct CompletionScores {
  private let names: TokenNames
  private var scores: [BatchScore] = []
  private var offset = 0

  init(_ tokenizer: Tokenizer) { names = TokenNames(tokenizer: tokenizer) }

  mutating func append(_ more: some Sequence<BatchScore>) { scores += more }

  /// What was appended since the last time; offsets go on.
  mutating func take() -> JSONValue {
    defer { scores = [] }
    let offsets = scores.map { score in
      defer { offset += names.text(score.id).unicodeScalars.count }
      return JSONValue.whole(offset)
    }
    return .members([
      "tokens": .array(scores.map { JSONValue(names.name($0.id)) }),
      "token_logprobs": .array(scores.map { $0.logprob.map { .real($0) } ?? .null }),
      "top_logprobs": .array(scores.map(top)), "text_offset": .array(offsets),
    ])
  }

  private func top(_ score: BatchScore) -> JSONValue {
    guard let logprob = score.logprob else { return .null }
    // Tokens of the same spelling share an entry: the most likely one's, which comes first.
    var taken: Set<String> = []
    var entries: [(key: [UInt8], value: JSONValue)] = []
    for entry in score.top + [BatchScore.Entry(id: score.id, logprob: logprob)] {
      let name = names.name(entry.id)
      if taken.insert(name).inserted { entries.append((Array(name.utf8), .real(entry.logprob))) }
    }
    return .object(entries)
  }
}
