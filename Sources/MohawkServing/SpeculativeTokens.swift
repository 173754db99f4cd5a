import MohawkDecoding
import MohawkModels
import MohawkTensor

/// Several tokens per pass of the model: a draft proposes some, the model looks at all of them in one pass and keeps
/// those that it would have said itself.
///
/// Greedy, a proposal is kept when it is the model's own choice. Otherwise it is kept with probability
/// min(1, p/q), and after the first refusal one token is drawn from max(0, p − q): the result has exactly the model's
/// distribution p, whatever the draft's q is (Leviathan et al. 2023; Chen et al. 2023). Both are taken after
/// temperature, filters and penalties.
struct SpeculativeTokens: TokenSource {
  let engine: DecodingEngine
  let proposer: SpeculativeDraft
  let conversation: Conversation
  var draws: TokenDraws
  /// Tokens that the draft may read at a time to catch up with the conversation.
  let slice: Int
  private(set) var counts = DraftCounts()
  /// How many are proposed next time.
  private var draftLength: Int
  private var hasVerified = false

  init(
    _ engine: DecodingEngine, _ draft: SpeculativeDraft, _ conversation: Conversation, _ draws: TokenDraws,
    slice: Int = .max
  ) {
    (self.engine, proposer, self.conversation) = (engine, draft, conversation)
    (self.draws, self.slice) = (draws, slice)
    draftLength = draft.longest
  }

  var draft: SpeculativeDraft? { proposer }

  mutating func draw(_ logits: Tensor) throws -> DrawnToken { try draws.next(logits) }

  mutating func next(atMost limit: Int) throws -> [DrawnToken] {
    // Every token that is verified needs a place in the model, and one more token comes out than was proposed.
    let room = min(limit - 1, (engine.maxLength ?? .max) - conversation.ids.count, draftLength)
    let proposals =
      room > 0
      ? try proposer.propose(after: conversation.ids, room, reading: slice, draws.rows, &draws.sampler) : []
    guard !proposals.isEmpty else { return [try draws.next(engine.readUnread(conversation))] }
    let verified = engine.verify(conversation.unread + proposals.map(\.id), conversation.state)
    hasVerified = true
    let count = proposals.count + 1
    return try judge(proposals, verified.narrowed(0, from: verified.size(0) - count, length: count))
  }

  /// The proposals up to the first refused one, and one token more.
  /// - Parameter targets: what the model says at the place of each proposal and after them, [proposals + 1, vocabulary].
  private mutating func judge(_ proposals: [SpeculativeDraft.Proposal], _ targets: Tensor) throws -> [DrawnToken] {
    var tokens: [DrawnToken] = []
    var kept = 0
    for (index, proposal) in proposals.enumerated() {
      let logits = targets.narrowed(0, from: index, length: 1)
      let sampler = draws.sampler
      let wanted = try draws.rows.read(logits) { sampler.distribution($0) }
      let choice = draws.sampler.choose(proposal.id, from: proposal.distribution, insteadOf: wanted)
      draws.sampler.chose(choice.id)
      tokens.append(draws.drawn(choice.id, logits))
      guard choice.isProposal else { break }
      kept += 1
    }
    counts.proposed += proposals.count
    counts.accepted += kept
    draftLength = kept == proposals.count ? min(proposer.longest, draftLength + 1) : max(1, draftLength - 1)
    if kept == proposals.count { tokens.append(try draws.next(targets.narrowed(0, from: kept, length: 1))) }
    return tokens
  }

  mutating func keep(_ count: Int) {
    guard hasVerified else { return }
    hasVerified = false
    // The last token stays unread, as after a pass for one token.
    let unread = conversation.unread.count - count
    engine.commit(count == 0 ? 0 : unread + count - 1, conversation.state)
  }
}

extension Sampler {
  /// Keeps a proposal or draws another token, so that the outcome is distributed as `wanted` says.
  mutating func choose(
    _ proposal: Int32, from offered: [Candidate], insteadOf wanted: [Candidate]
  ) -> (id: Int32, isProposal: Bool) {
    func total(_ candidates: [Candidate]) -> Double { candidates.reduce(0) { $0 + $1.weight } }
    func weight(_ candidates: [Candidate]) -> Double { candidates.first { $0.id == proposal }?.weight ?? 0 }
    let (allOffered, allWanted) = (total(offered), total(wanted))
    let (q, p) = (weight(offered) / allOffered, weight(wanted) / allWanted)
    if p >= q { return (proposal, true) }
    if p > 0, drawUnit() * q < p { return (proposal, true) }
    var offer: [Int32: Double] = [:]
    for candidate in offered { offer[candidate.id] = candidate.weight / allOffered }
    let rest = wanted.compactMap { candidate -> Candidate? in
      let left = candidate.weight / allWanted - (offer[candidate.id] ?? 0)
      return left > 0 ? (candidate.id, left) : nil
    }
    // Nothing is left when both are equal but for rounding.
    return (draw(from: rest.isEmpty ? wanted : rest), false)
  }
}
