import MohawkServing
import MohawkText

/// The `logprobs` of a completion: four lists, one entry for each token.
struct CompletionScores {
  private let names: TokenNames
  private var tokens: [JSONValue] = []
  private var logprobs: [JSONValue] = []
  private var tops: [JSONValue] = []
  private var offsets: [JSONValue] = []
  private var offset = 0

  init(_ tokenizer: Tokenizer) { names = TokenNames(tokenizer: tokenizer) }

  mutating func append(_ score: BatchScore) {
    let name = names.name(score.id)
    tokens.append(JSONValue(name))
    offsets.append(.whole(offset))
    offset += names.text(score.id).unicodeScalars.count
    guard let logprob = score.logprob else {
      logprobs.append(.null)
      return tops.append(.null)
    }
    logprobs.append(.real(logprob))
    // Tokens of the same spelling share an entry: the most likely one's, which comes first.
    var taken: Set<String> = []
    var entries: [(key: [UInt8], value: JSONValue)] = []
    for entry in score.top + [BatchScore.Entry(id: score.id, logprob: logprob)] {
      let name = names.name(entry.id)
      if taken.insert(name).inserted { entries.append((Array(name.utf8), .real(entry.logprob))) }
    }
    tops.append(.object(entries))
  }

  /// What was appended since the last time; offsets go on.
  mutating func take() -> JSONValue {
    defer { (tokens, logprobs, tops, offsets) = ([], [], [], []) }
    return .members([
      "tokens": .array(tokens), "token_logprobs": .array(logprobs), "top_logprobs": .array(tops),
      "text_offset": .array(offsets),
    ])
  }
}
