import MohawkDecoding
import MohawkTensor
import MohawkText

/// One text that is being continued: what its tokens are drawn from, what they say, and when it is over.
///
/// This is where all texts grow, that of a `TextGenerator` alone and those of a `BatchScheduler` together. Whoever has
/// it decides who runs the model: `draw` takes logits that were computed for several texts, or when a prompt was read;
/// `step` lets the source run the model for this text alone.
struct Continuation {
  /// Hears of each new token with the text that became certain with it; returns false to take no more.
  typealias Listener = (_ token: DrawnToken, _ piece: String) -> Bool

  private(set) var source: any TokenSource
  /// Tokens of the conversation before the first new one.
  let promptCount: Int
  /// How many tokens were drawn, the end of text too.
  private(set) var made = 0
  /// Why it is over; nil before.
  private(set) var finish: BatchEvent.Finish?
  /// What was held back of the text until it was over.
  private(set) var rest = ""
  private var said: ContinuedText
  private let limit: Int
  private let longest: Int

  /// - Parameters:
  ///   - source: of a conversation with tokens to be read.
  ///   - tokenizer: what gives tokens their text.
  ///   - limit: new tokens at most.
  ///   - longest: tokens that the model looks at; nil without a limit.
  ///   - stops: strings that end the text and are not part of it.
  ///   - ends: tokens that end the text and are not part of it.
  /// - Throws: `MohawkError` when a token of the conversation cannot be written.
  init(
    _ source: any TokenSource, _ tokenizer: Tokenizer, limit: Int, longest: Int?, stops: [String], ends: Set<Int32>
  ) throws {
    (self.source, self.limit, self.longest) = (source, limit, longest ?? .max)
    promptCount = source.conversation.ids.count
    said = try ContinuedText(tokenizer, after: source.conversation.ids, stops: stops, ends: ends)
    if limit <= 0 { finish = .length }
  }

  /// The prompt and what was said since, without the end of text.
  var conversation: Conversation { source.conversation }
  /// The new text so far.
  var text: String { said.text }

  /// Draws the next token from logits [1, vocabulary]; does nothing when the text is over.
  mutating func draw(_ logits: Tensor, _ tell: Listener) throws {
    if finish == nil { try take([try source.draw(logits)], tell) }
  }

  /// Lets the source run the model, which can give several tokens.
  mutating func step(_ tell: Listener) throws {
    let before = conversation.ids.count
    try take(try source.next(atMost: limit - made), tell)
    source.keep(conversation.ids.count - before)
  }

  /// Takes tokens until the text is over or nobody listens.
  private mutating func take(_ tokens: [DrawnToken], _ tell: Listener) throws {
    for token in tokens where finish == nil {
      made += 1
      let (piece, isOver) = try said.take(token.id)
      if !said.hasEnded { conversation.append([token.id]) }
      if !tell(token, piece) { return }
      // The last token that the model can read is the one at its last place.
      guard isOver || made >= limit || conversation.ids.count > longest else { continue }
      rest = said.finish()
      finish = isOver || said.hasStopped ? .stop : .length
    }
  }
}
