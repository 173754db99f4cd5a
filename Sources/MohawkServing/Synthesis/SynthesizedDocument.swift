/// What a document begins with.
public struct SynthesisPrompt: Sendable, Equatable {
  /// Tokens that are read before the first one is drawn; at least one.
  public var ids: [Int32]
  /// What the text begins with; empty where documents begin from nothing.
  public var text: String
  /// The question of a chat, when there is one.
  public var question: String?

  /// A beginning.
  public init(ids: [Int32], text: String, question: String? = nil) {
    (self.ids, self.text, self.question) = (ids, text, question)
  }
}

/// A text that a model wrote.
public struct SynthesizedDocument: Codable, Sendable, Equatable {
  /// Which document of the sequence it is.
  public var index: Int
  /// What decided its draws.
  public var seed: UInt64
  /// What it was to continue; nil when it began from nothing.
  public var prompt: String?
  /// The question that it answers; nil outside of chats.
  public var question: String?
  /// What the model wrote, without the prompt.
  public var written: String
  /// How many tokens the model chose.
  public var tokens: Int
  /// Why it ended.
  public var finish: BatchEvent.Finish

  /// A document that was written.
  public init(
    index: Int, seed: UInt64, prompt: String?, question: String?, written: String, tokens: Int,
    finish: BatchEvent.Finish
  ) {
    (self.index, self.seed, self.prompt, self.question) = (index, seed, prompt, question)
    (self.written, self.tokens, self.finish) = (written, tokens, finish)
  }

  /// The prompt and what follows it.
  public var text: String { (prompt ?? "") + written }
}

extension BatchEvent.Finish: Codable {}
