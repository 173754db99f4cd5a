import MohawkTensor

/// What a caller wants of a mixer's operands, so that nothing is projected in vain.
public enum OperandUse: Sendable {
  /// Only what the matrix depends on.
  case matrix
  /// Everything, to mix a sequence.
  case mixing
}

/// A sequence mixer: multiplication by a matrix that depends on the input, which may look both ways.
///
/// Law: `mix(o) == matrix(o) · values(o)` for every `o`. `matrix` is the definition, `mix` is how it is computed. The
/// parameters that it depends on are asked for with `.shapesMatrix`.
public protocol SequenceMixer {
  /// What `matrix` and `mix` start from, such as queries, keys and values.
  associatedtype Operands

  /// How many matrices there are per sequence.
  var heads: Int { get }

  /// Projections, convolution, rotary of x [batch, length, modelDim].
  func operands(_ x: Tensor, for use: OperandUse) -> Operands
  /// What the matrix multiplies: [batch, length, heads, headDim].
  func values(_ operands: Operands) -> Tensor
  /// [batch, heads, length, length].
  func matrix(_ operands: Operands) -> Tensor
  /// The same matrix, by its factors where it has some.
  func factoredMatrix(_ operands: Operands) -> MixerMatrix
  /// [batch, length, heads, headDim]
  func mix(_ operands: Operands) -> Tensor
  /// Gate and output projection: [batch, length, modelDim].
  func output(_ mixed: Tensor, _ x: Tensor) -> Tensor
}

extension SequenceMixer {
  /// The whole layer on x [batch, length, modelDim].
  public func callAsFunction(_ x: Tensor) -> Tensor { output(mix(operands(x, for: .mixing)), x) }

  /// The matrix by which this layer mixes x: [batch, heads, length, length].
  public func matrix(of x: Tensor) -> Tensor { matrix(operands(x, for: .matrix)) }

  /// The matrix by which this layer mixes x, by its factors where it has some.
  public func factoredMatrix(of x: Tensor) -> MixerMatrix { factoredMatrix(operands(x, for: .matrix)) }

  /// Whole, for mixers that have nothing better.
  public func factoredMatrix(_ operands: Operands) -> MixerMatrix { MixerMatrix { matrix(operands) } }
}
