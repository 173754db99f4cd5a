import MohawkServing
import MohawkText

/// The `logprobs` of a completion: four lists, one entry for each token.
struct CompletionScores {
  private let names: TokenNames
  private var scores: [BatchScore] = []
  /// Says what part of the text each token is.
  private var decoder: StreamingDecoder
  /// Characters of the text that came from earlier tokens.
  private var offset = 0

  /// - Parameter context: tokens before the first one that is scored; the text begins behind them.
  init(_ tokenizer: Tokenizer, after context: some Sequence<Int32> = []) {
    names = TokenNames(tokenizer: tokenizer)
    decoder = StreamingDecoder(tokenizer, skippingSpecial: true)
    for id in context { _ = try? decoder.append(id) }
  }

  mutating func append(_ more: some Sequence<BatchScore>) { scores += more }

  /// What was appended since the last time; offsets go on.
  mutating func take() -> JSONValue {
    defer { scores = [] }
    let offsets = scores.map { score in
      // Control tokens add nothing to the text, and a character of several tokens is there when it is whole.
      defer { offset += (try? decoder.append(score.id))?.unicodeScalars.count ?? 0 }
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
