import MohawkDecoding

/// A cheaper model that proposes tokens in a batch.
public struct BatchDraft {
  /// The cheaper model.
  public let engine: DecodingEngine
  /// Tokens proposed at a time, at most.
  public let longest: Int

  /// - Parameters:
  ///   - engine: of a model whose tokens mean the same.
  ///   - longest: tokens proposed at a time, at most.
  public init(_ engine: DecodingEngine, longest: Int = 4) {
    precondition(longest > 0, "a draft of \(longest) tokens")
    (self.engine, self.longest) = (engine, longest)
  }
}

extension BatchScheduler {
  /// What a new sequence draws from.
  /// - Throws: `MohawkError` when an option of sampling is out of its range.
  func source(_ conversation: Conversation, _ request: BatchRequest, choice: Int) throws -> any TokenSource {
    var options = request.sampling
    options.seed &+= UInt64(choice)
    var sampler = try Sampler(options)
    sampler.note(conversation.ids)
    let draws = TokenDraws(rows: rows, sampler: sampler, alternatives: request.alternatives)
    guard let draft, options.temperature == 0 || !request.isRepeatable else {
      return PlainTokens(engine: engine, conversation: conversation, draws: draws)
    }
    // A draft that has read the beginning of this text reads on from there.
    let proposer = spareDraft ?? SpeculativeDraft(draft.engine, longest: draft.longest)
    spareDraft = nil
    return SpeculativeTokens(engine, proposer, conversation, draws, slice: slice)
  }
}
