import MohawkFiles
import MohawkText

/// The tokens of a context and of the continuation whose likelihood is asked for.
struct TokenPair: Equatable {
  /// At least one token.
  let context: [Int32]
  /// At least one token.
  let continuation: [Int32]

  /// What a model reads to predict the continuation: all but the last token, and of these the last `longest`.
  func input(_ longest: Int) -> [Int32] { Array((context + continuation).suffix(longest + 1).dropLast()) }

  /// How many tokens that are.
  func inputLength(_ longest: Int) -> Int { min(longest + 1, context.count + continuation.count) - 1 }
}

/// Makes tokens of contexts and continuations as lm_eval's backend `hf` does with its default settings.
struct PairEncoder {
  let tokenizer: Tokenizer
  /// Of the model's embedding.
  let rows: Int
  /// Stands in for an empty context: the token that begins a text, else the one that ends it.
  let start: Int32
  /// How that token is written; a text that begins with it gets no other one.
  private let startText: [UInt8]

  /// - Throws: `MohawkError` when the tokenizer has no token to begin with.
  init(_ tokenizer: Tokenizer, rows: Int = .max) throws {
    self.rows = rows
    guard let start = tokenizer.beginningOfText ?? tokenizer.endOfText else {
      throw MohawkError(
        .unsupported, "the tokenizer has neither a token that begins nor one that ends a text",
        remedy: "add bos_token or eos_token to tokenizer_config.json")
    }
    self.tokenizer = tokenizer
    self.start = start
    startText = try tokenizer.decodeBytes([start])
  }

  /// The ids of a text, with what the tokenizer's template puts around it.
  func encode(_ text: [UInt8]) -> [Int32] {
    tokenizer.encode(text, addingSpecial: !text.starts(with: startText))
  }

  /// The tokens of a pair.
  ///
  /// Spaces at the end of the context go to the continuation, and both are encoded as one text, so that words at the
  /// border are cut as in running text.
  /// - Parameter location: of the document, for messages.
  /// - Throws: `MohawkError` when no token is left to predict.
  func pair(_ context: [UInt8], _ continuation: [UInt8], at location: String) throws -> TokenPair {
    let pair: TokenPair
    if context.isEmpty {
      let ids = tokenizer.encode(continuation)
      pair =
        ids.first == start
        ? TokenPair(context: [start], continuation: Array(ids.dropFirst()))
        : TokenPair(context: [start], continuation: ids)
    } else {
      let kept = PythonText.trimmed(context, left: false)
      let before = encode(kept)
      let whole = encode(context + continuation)
      pair = TokenPair(context: before, continuation: Array(whole.dropFirst(before.count)))
    }
    try tokenizer.requireRows(pair.context + pair.continuation, rows: rows)
    guard !pair.context.isEmpty, !pair.continuation.isEmpty else {
      throw MohawkError(
        .invalidValue, "a continuation has no token of its own", at: location, remedy: "mend or remove this line")
    }
    return pair
  }
}
