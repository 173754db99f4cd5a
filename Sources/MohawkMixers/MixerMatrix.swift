import MohawkTensor

/// A mixer's matrix of one input: as what it is made of where that is less than the matrix, and whole when asked for.
public struct MixerMatrix {
  /// What a matrix of length × length numbers is made of.
  public enum Factors {
    /// softmax(scale · Q Kᵀ), causal.
    case softmax(SoftmaxFactors)
    /// L ∘ (C Bᵀ) + D I.
    case semiseparable(SemiseparableFactors)
  }

  /// nil when the matrix is only known whole.
  public let factors: Factors?
  private let make: () -> Tensor

  /// - Parameters:
  ///   - factors: what the matrix is made of; nil when it is only known whole.
  ///   - make: the matrix, [batch, heads, length, length].
  public init(_ factors: Factors? = nil, whole make: @escaping () -> Tensor) {
    self.factors = factors
    self.make = make
  }

  /// [batch, heads, length, length], lower triangular; made anew by every call.
  public func whole() -> Tensor { make() }

  /// Every head's matrix so many times in a row.
  public func repeatedEach(_ count: Int) -> MixerMatrix {
    count == 1 ? self : MixerMatrix { make().repeatedEach(count, 1) }
  }
}

/// What a causal attention matrix is made of: softmax(scale · Q Kᵀ) without a window.
public struct SoftmaxFactors {
  /// [batch, heads, length, headDim].
  public let q: Tensor
  /// [batch, kvHeads, length, headDim]; `heads` is a multiple of `kvHeads`.
  public let k: Tensor
  /// What the products of queries and keys are multiplied by.
  public let scale: Double
}

/// What a matrix L ∘ (C Bᵀ) + D I is made of, with L as in ``SSD``.
public struct SemiseparableFactors {
  /// [batch, length, qkHeads, stateDim]; a step size, where the mixer has one, is in b.
  public let b, c: Tensor
  /// log a ≤ 0, [batch, length, heads], fp32 or wider; `heads` is a multiple of `qkHeads`.
  public let logDecay: Tensor
  /// D, [heads].
  public let skip: Tensor
}
