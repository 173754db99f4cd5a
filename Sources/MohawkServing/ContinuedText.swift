import MohawkText

/// What the new tokens of a text say, and where it ends.
struct ContinuedText {
  private var output: StopAwareText
  private var decoder: StreamingDecoder
  private let ends: Set<Int32>
  /// Whether a token came that ends texts.
  private(set) var hasEnded = false

  /// - Parameters:
  ///   - tokenizer: what gives tokens their text.
  ///   - context: the tokens before the first new one.
  ///   - stops: strings that end the text and are not part of it.
  ///   - ends: tokens that end the text and are not part of it.
  /// - Throws: `MohawkError` when a token of the context cannot be written.
  init(_ tokenizer: Tokenizer, after context: [Int32], stops: [String], ends: Set<Int32>) throws {
    output = StopAwareText(stops: stops)
    decoder = StreamingDecoder(tokenizer, skippingSpecial: true)
    self.ends = ends
    // What a text begins with can depend on what it follows, such as its first space.
    for id in context.suffix(4) where tokenizer.token(id) != nil { _ = try decoder.append(id) }
  }

  /// The text so far.
  var text: String { output.text }
  /// Whether a stop string is complete.
  var hasStopped: Bool { output.hasStopped }

  /// Takes the next token: the text that became certain with it, and whether it ends the text.
  mutating func take(_ token: Int32) throws -> (piece: String, isOver: Bool) {
    if ends.contains(token) {
      hasEnded = true
      return ("", true)
    }
    let (piece, stopped) = output.append(try decoder.append(token))
    return (piece, stopped)
  }

  /// Text that was held back, after the last token.
  mutating func finish() -> String { output.hasStopped ? "" : output.finish(decoder.finish()) }
}
