import MohawkTensor

/// A mixer whose matrix is lower triangular, exactly 0 above the diagonal, so that tokens can come one after the other.
/// All mixers of language models are of this kind; each is made of a geometry.
///
/// Law: what `advance` gives for the pieces of a sequence is what the mixer gives for the whole.
public protocol CausalMixer: SequenceMixer {
  /// What it is made of.
  associatedtype Configuration: MixerGeometry

  /// What this kind of mixer is called in reports, such as `Mamba-2`.
  static var kind: String { get }
  /// What a student's parameters start from in the attention that the mixer replaces, by their names in the mixer.
  static var attentionOrigins: [String: AttentionOrigin] { get }
  /// The geometry.
  var configuration: Configuration { get }
  /// Heads that are still full softmax attention, of those that the mixer replaces; ascending.
  var keptHeads: [Int] { get }

  /// The state before the first token.
  func emptyState(batch: Int) -> any MixerState
  /// The output for the next tokens x [batch, length, modelDim], `length` ≥ 1, after those that `state` has seen.
  /// `state` must come from this mixer's `emptyState`; it moves on.
  func advance(_ x: Tensor, _ state: any MixerState) -> Tensor
}

extension CausalMixer {
  public static var kind: String { Configuration.title }
  /// None: every parameter is drawn.
  public static var attentionOrigins: [String: AttentionOrigin] { [:] }
  /// None.
  public var keptHeads: [Int] { [] }

  /// Whether another mixer, with the same weights, computes the same.
  public func mixesLike(_ other: any CausalMixer) -> Bool {
    (other as? Self).map { configuration.mixesLike($0.configuration) } ?? false
  }
}

/// What a mixer remembers of the tokens so far. Not `Sendable`; one sequence or one batch of sequences owns it.
public protocol MixerState: AnyObject {
  /// How many tokens it has seen.
  var position: Int { get }
  /// Bytes of memory that it holds.
  var byteCount: Int { get }
  /// An independent copy, of tensors that `copy` makes.
  func copy(by copy: (Tensor) -> Tensor) -> any MixerState

  /// All that it remembers beside its position, by name: what a file keeps of it.
  var tensors: [(name: String, tensor: Tensor)] { get }
  /// Shapes that `tensors` have in a state that has seen so many tokens.
  func shapes(at position: Int) -> [[Int]]
  /// Takes over tensors in the order, and of the types, of its own, and of the shapes for this position.
  func restore(_ tensors: [Tensor], position: Int)
}

extension MixerState {
  /// An independent copy.
  public func copy() -> any MixerState { copy { $0.copy() } }

  /// Those that `tensors` have now, for states of constant size.
  public func shapes(at position: Int) -> [[Int]] { tensors.map { $0.tensor.shape } }
}
