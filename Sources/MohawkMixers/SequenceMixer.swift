import MohawkTensor

/// What a caller wants of a mixer's operands, so that nothing is projected in vain.
public enum OperandUse: Sendable {
  /// Only what the matrix depends on.
  case matrix
  /// Everything, to mix a sequence.
  case mixing
}

/// A causal sequence mixer: multiplication by a matrix that depends on the input.
///
/// Law: `mix(o) == matrix(o) · values(o)` for every `o`. `matrix` is the definition, `mix` is how it is computed, and
/// `advance` is how it is computed piece by piece.
public protocol SequenceMixer {
  /// What `matrix` and `mix` start from, such as queries, keys and values.
  associatedtype Operands
  /// What it is made of.
  associatedtype Configuration: MixerGeometry

  /// What this kind of mixer is called in reports, such as `Mamba-2`.
  static var kind: String { get }
  /// What a student's parameters start from in the attention that the mixer replaces, by their names in the mixer.
  static var attentionOrigins: [String: AttentionOrigin] { get }
  /// How many matrices of equal shape stand one below the other in the parameter of this full name.
  static func matrixCount(_ parameterName: String) -> Int
  /// Whether `matrix` depends on the parameter of this full name; on others of a mixer only values and output depend.
  static func matrixDependsOn(_ parameterName: String) -> Bool
  /// Whether the parameter of this full name is there for decays or step sizes, which have a learning rate of their own.
  static func decaysDependOn(_ parameterName: String) -> Bool

  /// The geometry.
  var configuration: Configuration { get }
  /// How many matrices there are per sequence.
  var heads: Int { get }

  /// Projections, convolution, rotary of x [batch, length, modelDim].
  func operands(_ x: Tensor, for use: OperandUse) -> Operands
  /// What the matrix multiplies: [batch, length, heads, headDim].
  func values(_ operands: Operands) -> Tensor
  /// [batch, heads, length, length], lower triangular.
  func matrix(_ operands: Operands) -> Tensor
  /// The same matrix, by its factors where it has some.
  func factoredMatrix(_ operands: Operands) -> MixerMatrix
  /// [batch, length, heads, headDim]
  func mix(_ operands: Operands) -> Tensor
  /// Gate and output projection: [batch, length, modelDim].
  func output(_ mixed: Tensor, _ x: Tensor) -> Tensor

  /// The state before the first token.
  func emptyState(batch: Int) -> any MixerState
  /// The output for the next tokens x [batch, length, modelDim], `length` ≥ 1, after those that `state` has seen.
  /// `state` must come from this mixer's `emptyState`; it moves on.
  func advance(_ x: Tensor, _ state: any MixerState) -> Tensor
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

extension SequenceMixer {
  public static var kind: String { Configuration.title }
  /// None: every parameter is drawn.
  public static var attentionOrigins: [String: AttentionOrigin] { [:] }
  /// One.
  public static func matrixCount(_ parameterName: String) -> Int { 1 }
  /// None, for mixers without decays.
  public static func decaysDependOn(_ parameterName: String) -> Bool { false }

  /// Whether another mixer, with the same weights, computes the same.
  public func mixesLike(_ other: any SequenceMixer) -> Bool {
    (other as? Self).map { configuration.mixesLike($0.configuration) } ?? false
  }

  /// The whole layer on x [batch, length, modelDim].
  public func callAsFunction(_ x: Tensor) -> Tensor { output(mix(operands(x, for: .mixing)), x) }

  /// The matrix by which this layer mixes x: [batch, heads, length, length].
  public func matrix(of x: Tensor) -> Tensor { matrix(operands(x, for: .matrix)) }

  /// The matrix by which this layer mixes x, by its factors where it has some.
  public func factoredMatrix(of x: Tensor) -> MixerMatrix { factoredMatrix(operands(x, for: .matrix)) }

  /// Whole, for mixers that have nothing better.
  public func factoredMatrix(_ operands: Operands) -> MixerMatrix { MixerMatrix { matrix(operands) } }
}
