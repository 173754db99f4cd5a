import MohawkTensor

/// A vector for every token id.
public struct Embedding {
  /// [vocabulary, width]
  public let weight: Tensor

  /// Asks for `weight`; a fresh one is normal with this deviation.
  public init(_ vocabulary: Int, _ width: Int, deviation: Double = 0.5, _ scope: ParameterScope) {
    weight = scope.parameter("weight", [vocabulary, width], .normal(deviation))
  }

  /// [batch, length] ids to [batch, length, width] vectors.
  public func callAsFunction(_ ids: Tensor) -> Tensor { weight.embedding(ids) }
}
