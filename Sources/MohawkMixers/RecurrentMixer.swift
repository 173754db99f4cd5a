import MohawkTensor

/// A causal mixer that remembers a constant amount: a memory, and what its convolutions need of the last tokens.
///
/// It says how operands are made after some tokens, how many tokens are mixed and how one is; the rest follows.
public protocol RecurrentMixer: CausalMixer {
  /// What it remembers.
  associatedtype State: RecurrentState

  /// Projections and convolutions of x [batch, length, modelDim]. They take in what `state` knows of the tokens before;
  /// it gets to know these, but for its memory and position.
  func operands(_ x: Tensor, for use: OperandUse, after state: State?) -> Operands
  /// The mixed values [batch, length, heads, headDim] after a memory, nil for none, and the memory after them.
  func mix(_ operands: Operands, memory: Tensor?) -> (y: Tensor, memory: Tensor)
  /// The same for one token, in the way that is fast for one.
  func step(_ operands: Operands, memory: Tensor) -> (y: Tensor, memory: Tensor)
}

/// A state of constant size with one memory that every token changes.
public protocol RecurrentState: MixerState {
  /// What the recurrence sums up.
  var memory: Tensor { get set }
  var position: Int { get set }
}

extension RecurrentMixer {
  public func operands(_ x: Tensor, for use: OperandUse) -> Operands { operands(x, for: use, after: nil) }

  public func mix(_ operands: Operands) -> Tensor { mix(operands, memory: nil).y }

  public func advance(_ x: Tensor, _ state: any MixerState) -> Tensor {
    output(mixed(x, state) { _, _, y in y }, x)
  }

  /// The mixed values of the next tokens.
  /// - Parameter joined: what becomes of them beside the recurrence, from operands, state and mixed values, before the
  ///   state's position moves on.
  func mixed(_ x: Tensor, _ state: any MixerState, joined: (Operands, State, Tensor) -> Tensor) -> Tensor {
    guard let state = state as? State else { preconditionFailure("a state of another mixer") }
    let operands = operands(x, for: .mixing, after: state)
    let (y, memory) = x.size(1) > 1 ? mix(operands, memory: state.memory) : step(operands, memory: state.memory)
    state.memory = memory
    defer { state.position += x.size(1) }
    return joined(operands, state, y)
  }
}
