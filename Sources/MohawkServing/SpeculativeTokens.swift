import MohawkDecoding
import MohawkModels

/// Several tokens per pass of the model: a draft proposes some, the model looks at all of them in one pass and keeps
/// those that it would have said itself.
///
/// Greedy, a proposal is kept when it is the model's own choice. Otherwise it is kept with probability
/// min(1, p/q), and after the first refusal one token is drawn from max(0, p − q): the result has exactly the model's
/// distribution p, whatever the draft's q is (Leviathan et al. 2023; Chen et al. 2023). Both are taken after
/// temperature, filters and penalties.
struct SpeculativeTokens: TokenSource {
  let engine: DecodingEngine
  let draft: SpeculativeDraft
  let rows: LogitRows
  let conversation: Conversation
  var sampler: Sampler
  /// What comes next, as long as it is known from reading the prompt.
  var logits: [Float]?
  private(set) var counts = (proposed: 0, accepted: 0)
  /// How many are proposed next time.
  private var ambition: Int
  private var hasVerified = false

  init(
    _ engine: DecodingEngine, _ draft: SpeculativeDraft, _ rows: LogitRows, _ conversation: Conversation,
    _ sampler: Sampler, logits: [Float]
  ) {
    (self.engine, self.draft, self.rows, self.conversation) = (engine, draft, rows, conversation)
    (self.sampler, self.logits) = (sampler, logits)
    ambition = draft.longest
  }

  mutating func next(atMost limit: Int) throws -> [Int32] {
    if let logits {
      self.logits = nil
      return [sampler.next(logits)]
    }
    // Every token that is verified needs a place in the model, and one more token comes out than was proposed.
    let room = min(limit - 1, (engine.maxLength ?? .max) - conversation.ids.count, ambition)
    let proposals = room > 0 ? try draft.propose(after: conversation.ids, room, rows, &sampler) : []
    guard !proposals.isEmpty else {
      return [sampler.next(try rows.last(of: engine.readUnread(conversation)))]
    }
    let unread = conversation.unread
    let verified = engine.verify(unread + proposals.map(\.id), conversation.state)
    hasVerified = true
    let count = proposals.count + 1
    let targets = try rows.all(of: verified.narrowed(0, from: verified.size(0) - count, length: count))
    return judge(proposals, targets)
  }

  /// The proposals up to the first refused one, and one token more.
  private mutating func judge(_ proposals: [SpeculativeDraft.Proposal], _ targets: [[Float]]) -> [Int32] {
    var tokens: [Int32] = []
    var kept = 0
    for (proposal, logits) in zip(proposals, targets) {
      let wanted = sampler.distribution(logits)
      let choice = sampler.choose(proposal.id, from: proposal.distribution, insteadOf: wanted)
      sampler.chose(choice.id)
      tokens.append(choice.id)
      guard choice.isProposal else { break }
      kept += 1
    }
    counts.proposed += proposals.count
    counts.accepted += kept
    ambition = kept == proposals.count ? min(draft.longest, ambition + 1) : max(1, ambition - 1)
    if kept == proposals.count { tokens.append(sampler.next(targets[kept])) }
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
