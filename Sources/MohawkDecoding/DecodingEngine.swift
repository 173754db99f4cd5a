import MohawkModels
import MohawkTensor

/// Reads and continues sequences over one set of weights; every sequence has a state of its own.
///
/// An engine and its states belong to one thread at a time.
public final class DecodingEngine {
  /// The model whose tokens these are.
  public let model: Decoder
  /// Tokens that `verify` has looked at and `commit` has not yet accepted, by state.
  private var pending: [ObjectIdentifier: [Int32]] = [:]

  /// Decodes with the weights of `model`.
  public init(_ model: Decoder) { self.model = model }

  /// Rows of the logits.
  public var vocabulary: Int { model.vocabulary }
  /// Tokens that a sequence can have, nil when there is no bound.
  public var maxLength: Int? { model.maxLength }

  /// The state before the first token.
  public func emptyState() -> ModelState { model.emptyState(batch: 1) }

  /// Reads the next tokens of a sequence; the state moves on by all of them.
  /// - Parameters:
  ///   - ids: at least one, all inside the vocabulary.
  ///   - state: of the sequence.
  ///   - count: of how many of the last of these tokens the logits are wanted.
  /// - Returns: what comes after each of them, fp32 [count, vocabulary] on the CPU.
  public func read(_ ids: [Int32], _ state: ModelState, logits count: Int = 1) -> Tensor {
    withoutGradients {
      model.advance(row(ids), state, logits: count).squeezed(0).to(.float32).to(on: .cpu)
    }
  }

  /// One more token for each of several sequences.
  /// - Parameters:
  ///   - ids: one for each sequence.
  ///   - states: of the sequences, all different.
  /// - Returns: what comes next in each, fp32 [sequences, vocabulary] on the CPU.
  public func step(_ ids: [Int32], _ states: [ModelState]) -> Tensor {
    precondition(ids.count == states.count && !ids.isEmpty, "one token for each of at least one sequence")
    return Tensor.concatenated(zip(ids, states).map { read([$0], $1) }, 0)
  }

  /// What would come after each of these tokens; the state stays until `commit` accepts some of them.
  /// - Returns: fp32 [ids, vocabulary] on the CPU.
  public func verify(_ ids: [Int32], _ state: ModelState) -> Tensor {
    pending[ObjectIdentifier(state)] = ids
    return read(ids, state.copy(), logits: ids.count)
  }

  /// Moves the state by the first `count` of the tokens that `verify` was given last for it.
  public func commit(_ count: Int, _ state: ModelState) {
    guard let ids = pending.removeValue(forKey: ObjectIdentifier(state)) else {
      preconditionFailure("nothing was verified for this state")
    }
    precondition((0...ids.count).contains(count), "\(count) of \(ids.count) verified tokens")
    if count > 0 { _ = read(Array(ids.prefix(count)), state, logits: 0) }
  }

  private func row(_ ids: [Int32]) -> Tensor {
    Tensor(ids.map(Int64.init), shape: [1, ids.count]).to(on: model.parameters.all[0].value.device)
  }
}
