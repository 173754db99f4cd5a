import MohawkDecoding
import MohawkFiles
import MohawkModels
import MohawkTensor
import MohawkText

/// Continues a text token by token over the model's state. With a state-space model a token costs the same however
/// long the text is.
///
/// Not `Sendable`: it lives on the thread of its engine.
public struct TextGenerator {
  /// Why a continuation ended.
  public enum Finish: String, Sendable {
    /// A token that ends texts, or a stop string.
    case stop
    /// The limit on new tokens, or the model's longest position.
    case length
    /// The caller asked for it.
    case cancelled
  }

  /// A finished continuation.
  public struct Result: Sendable {
    /// Without the prompt and without the stop string.
    public let text: String
    /// The new tokens, without the end of text.
    public let tokens: [Int32]
    /// Why it ended.
    public let finish: Finish
    /// Tokens of the prompt that were read, not restored.
    public let promptTokens: Int
    /// Seconds until the first new token was known; nil when there was none.
    public let secondsToFirstToken: Double?
    /// New tokens per second after the first one; nil when there were none.
    public let tokensPerSecond: Double?
    /// Tokens that a draft proposed.
    public let proposed: Int
    /// Those of them that the model would have said too.
    public let accepted: Int
    /// How likely the model held each new token, where that was asked for, and last the end of text where one came.
    public let scores: [BatchScore]
  }

  /// What computes.
  public let engine: DecodingEngine
  /// What gives tokens their text.
  public let tokenizer: Tokenizer
  /// Tokens that end a text.
  public let ends: Set<Int32>
  /// What proposes tokens; nil without speculation.
  public let draft: SpeculativeDraft?
  /// States of earlier prompts; nil when every prompt is read whole.
  public let cache: PrefixCache?
  private let rows: LogitRows

  /// - Parameters:
  ///   - engine: of the model.
  ///   - tokenizer: the model's.
  ///   - ends: ids that end a text beside those that the model's configuration and the tokenizer name, such as those
  ///     of `Prompt.ends(inFolder:)`.
  ///   - draft: a cheaper model with the same tokenizer that proposes tokens.
  ///   - cache: states of earlier prompts.
  /// - Throws: `MohawkError` when the tokenizer's ids do not fit the model's vocabulary, or the draft's.
  public init(
    _ engine: DecodingEngine, _ tokenizer: Tokenizer, ends: [Int32] = [], draft: SpeculativeDraft? = nil,
    cache: PrefixCache? = nil
  ) throws {
    for (name, rows) in [("model", engine.vocabulary), ("draft", draft?.engine.vocabulary ?? .max)] {
      try tokenizer.requireFit(rows: rows, of: name)
    }
    (self.engine, self.tokenizer, self.draft, self.cache) = (engine, tokenizer, draft, cache)
    self.ends = Prompt.ends(ends, engine.model, tokenizer)
    rows = LogitRows(tokenizer)
  }

  /// Continues `prompt`.
  /// - Parameters:
  ///   - prompt: the text; an empty one begins with the token that begins texts, or ends them.
  ///   - limit: new tokens at most.
  ///   - options: how each token is chosen.
  ///   - stops: strings that end the text and are not part of it.
  ///   - emit: receives the text piece by piece, never half a character and never a part of a stop string; returns
  ///     false to cancel.
  /// - Throws: `MohawkError` when an option is out of its range, the prompt does not fit the model, or the model's
  ///   numbers are not finite.
  public func generate(
    _ prompt: String, limit: Int, options: SamplingOptions, stops: [String] = [], emit: (String) -> Bool = { _ in true }
  ) throws -> Result {
    let conversation = conversation(try Prompt.ids(prompt, tokenizer))
    return try generate(continuing: conversation, limit: limit, options: options, stops: stops, emit: emit)
  }

  /// A conversation of these tokens, of which those are read that the cache knows.
  public func conversation(_ ids: [Int32]) -> Conversation {
    let known = cache?.longest(ids)
    return Conversation(ids, known?.state ?? engine.emptyState())
  }

  /// Continues a conversation that has tokens to be read; the new tokens become part of it.
  /// - Parameters:
  ///   - conversation: with a state of this engine; afterwards its last token may be still to be read.
  ///   - borders: how many tokens there are at places where the cache should keep a state, such as the ends of messages.
  ///   - limit: new tokens at most.
  ///   - options: how each token is chosen; the whole conversation counts for penalties.
  ///   - stops: strings that end the text and are not part of it.
  ///   - alternatives: how many of the most likely tokens are scored beside each new one; nil scores nothing.
  ///   - emit: receives the text piece by piece, as for a prompt.
  /// - Throws: `MohawkError` when an option is out of its range, the conversation does not fit the model, or the
  ///   model's numbers are not finite.
  public func generate(
    continuing conversation: Conversation, borders: [Int] = [], limit: Int, options: SamplingOptions,
    stops: [String] = [], alternatives: Int? = nil, emit: (String) -> Bool = { _ in true }
  ) throws -> Result {
    var sampler = try Sampler(options)
    try requireRoom(for: conversation)
    sampler.note(conversation.ids)
    let promptTokens = conversation.unread.count
    let draws = TokenDraws(rows: rows, sampler: sampler, alternatives: alternatives)
    let source: any TokenSource =
      draft.map { SpeculativeTokens(engine, $0, conversation, draws) }
      ?? PlainTokens(engine: engine, conversation: conversation, draws: draws)
    var text = try Continuation(
      source, tokenizer, limit: limit, longest: engine.maxLength, stops: stops, ends: ends)
    var scores: [BatchScore] = []
    var isCancelled = false
    var watch = GenerationWatch()
    let tell: Continuation.Listener = { token, piece in
      watch.note()
      if let score = token.score { scores.append(score) }
      isCancelled = !piece.isEmpty && !emit(piece)
      return !isCancelled
    }

    try text.draw(read(conversation, borders), tell)
    while text.finish == nil, !isCancelled { try text.step(tell) }
    if !text.rest.isEmpty { _ = emit(text.rest) }
    return Result(
      text: text.text, tokens: Array(conversation.ids[text.promptCount...]),
      finish: isCancelled ? .cancelled : text.finish == .stop ? .stop : .length, promptTokens: promptTokens,
      secondsToFirstToken: watch.secondsToFirst, tokensPerSecond: watch.rate, proposed: text.source.counts.proposed,
      accepted: text.source.counts.accepted, scores: scores)
  }

  /// Makes sure that a conversation can be continued.
  /// - Throws: `MohawkError` when everything was read, or when there are more tokens than the model looks at.
  public func requireRoom(for conversation: Conversation) throws {
    guard !conversation.unread.isEmpty else {
      throw MohawkError(
        .invalidValue, "there is nothing to continue from: every token was read and no prompt is given",
        remedy: "give a prompt")
    }
    try tokenizer.requireRows(
      conversation.ids, rows: min(engine.vocabulary, draft?.engine.vocabulary ?? .max))
    if let longest = engine.maxLength, conversation.ids.count > longest {
      throw MohawkError(
        .outOfRange, "the prompt has \(conversation.ids.count) tokens, the model looks at \(longest) at most",
        remedy: "shorten the prompt, or use a student without attention layers")
    }
  }

  /// Reads what is unread, and tells what comes next: [1, vocabulary].
  private func read(_ conversation: Conversation, _ borders: [Int]) -> Tensor {
    cache?.read(conversation.ids, borders: borders, conversation.state, with: engine) ?? engine.readUnread(conversation)
  }
}

/// When tokens came.
private struct GenerationWatch {
  private let clock = ContinuousClock()
  private let start = ContinuousClock.now
  private var first: ContinuousClock.Instant?
  private var last: ContinuousClock.Instant?
  private var later = 0

  mutating func note() {
    last = clock.now
    if first == nil {
      first = last
    } else {
      later += 1
    }
  }

  var secondsToFirst: Double? { first.map { start.duration(to: $0) / .seconds(1) } }
  var rate: Double? {
    guard let first, let last, later > 0, last > first else { return nil }
    return Double(later) / (first.duration(to: last) / .seconds(1))
  }
}
