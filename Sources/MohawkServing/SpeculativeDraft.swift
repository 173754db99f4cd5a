import MohawkDecoding
import MohawkModels

/// A cheaper model that proposes what a larger one would say next.
///
/// It keeps one state after tokens that are certain, and a copy that runs ahead with its proposals. What was refused
/// costs nothing but the copy; what was accepted of it is read again together with the next certain token.
public final class SpeculativeDraft {
  /// The cheaper model.
  public let engine: DecodingEngine
  /// Tokens proposed at a time, at most. As many are proposed when proposals are accepted, fewer when they are not.
  public let longest: Int
  /// The tokens that `base` has seen, all certain when they were read.
  private var baseIDs: [Int32] = []
  private lazy var base = engine.emptyState()
  /// The tokens and the state after the last proposals.
  private var ahead: (ids: [Int32], state: ModelState)?

  /// - Parameters:
  ///   - engine: of a model whose tokens mean the same; a smaller one, or the first layers of the larger one.
  ///   - longest: tokens proposed at a time, at most.
  public init(_ engine: DecodingEngine, longest: Int = 4) {
    precondition(longest > 0, "a draft of \(longest) tokens")
    (self.engine, self.longest) = (engine, longest)
  }

  /// A proposed token and what it was drawn from.
  struct Proposal {
    let id: Int32
    let distribution: [Sampler.Candidate]
  }

  /// Proposes tokens after `ids`.
  /// - Parameters:
  ///   - ids: all tokens so far; at least one more than at the last call, or others.
  ///   - count: how many; fewer when the draft's own length ends.
  ///   - most: tokens that may be read to catch up with `ids`; where there are more, so many are read and none proposed.
  ///   - rows: which logits count.
  ///   - sampler: knows the tokens so far; its draws move its generator, what it is told of proposals is forgotten.
  func propose(
    after ids: [Int32], _ count: Int, reading most: Int = .max, _ rows: LogitRows, _ sampler: inout Sampler
  ) throws -> [Proposal] {
    let count = min(count, (engine.maxLength ?? .max) - ids.count + 1)
    guard count > 0 else { return [] }
    catchUp(with: ids)
    let unread = ids[baseIDs.count...]
    guard unread.count <= most else {
      _ = engine.read(Array(unread.prefix(most)), base, logits: 0)
      baseIDs = Array(ids[..<(baseIDs.count + most)])
      return []
    }
    var logits = engine.next(Array(unread), base)
    baseIDs = ids
    var guess = sampler
    var proposals: [Proposal] = []
    var running = (ids: ids, state: count > 1 ? base.copy() : base)
    while true {
      let distribution = try rows.read(logits) { guess.distribution($0) }
      let id = guess.draw(from: distribution)
      guess.chose(id)
      proposals.append(Proposal(id: id, distribution: distribution))
      if proposals.count == count { break }
      logits = engine.step([id], [running.state])
      running.ids.append(id)
    }
    ahead = count > 1 ? running : nil
    sampler.continueDraws(of: guess)
    return proposals
  }

  /// Takes the state that has seen the most of `ids` and nothing else.
  private func catchUp(with ids: [Int32]) {
    if let ahead, ahead.ids.count < ids.count, ids.starts(with: ahead.ids) {
      (baseIDs, base) = ahead
    } else if baseIDs.count >= ids.count || !ids.starts(with: baseIDs) {
      (baseIDs, base) = ([], engine.emptyState())
    }
    ahead = nil
  }
}
