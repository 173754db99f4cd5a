import MohawkLayers
import MohawkTensor

/// What linear attention makes of queries and keys, so that their products stand for softmax's weights.
public protocol FeatureMap {
  /// Name of the mixer with this map, in `config.json` and recipes.
  static var kind: MixerKind { get }
  /// The same in tables and sentences.
  static var title: String { get }
  /// Whether all features are above 0, so that each row of the matrix can be divided by its sum.
  static var isPositive: Bool { get }
  /// Features made of a head of this width.
  static func features(of width: Int) -> Int
  /// Whether the map has weights: for the heads of queries and of keys a matrix each, added to the identity.
  static var isLearned: Bool { get }
  /// Features of x [.., width]; `weight` [heads, width, width] is nil unless the map is learned.
  static func features(_ x: Tensor, _ weight: Tensor?) -> Tensor
}

extension FeatureMap {
  /// As many as there are numbers.
  public static func features(of width: Int) -> Int { width }
  /// It has none.
  public static var isLearned: Bool { false }
}

/// Queries and keys as they are. Rows are not divided by their sums, which may be 0; a norm stands behind the mixer instead.
public enum IdentityMap: FeatureMap {
  public static let kind = MixerKind(rawValue: "linear-attention")
  public static let title = "linear attention"
  public static let isPositive = false
  public static func features(_ x: Tensor, _ weight: Tensor?) -> Tensor { x }
}

/// 1 + ELU(x) (Katharopoulos, Vyas, Pappas and Fleuret 2020): x + 1 above 0, exp(x) below.
public enum ELUMap: FeatureMap {
  public static let kind = MixerKind(rawValue: "elu-linear-attention")
  public static let title = "linear attention with 1 + ELU"
  public static let isPositive = true
  public static func features(_ x: Tensor, _ weight: Tensor?) -> Tensor { x.relu() + (-(-x).relu()).exp() }
}

/// Softmax of W x and of −W x, with a matrix for each head (Zhang, Bhatia, Kumbong and Ré 2024, Hedgehog). Fresh matrices are
/// the identity.
public enum HedgehogMap: FeatureMap {
  public static let kind = MixerKind(rawValue: "hedgehog")
  public static let title = "Hedgehog linear attention"
  public static let isPositive = true
  public static let isLearned = true
  public static func features(of width: Int) -> Int { 2 * width }
  public static func features(_ x: Tensor, _ weight: Tensor?) -> Tensor {
    // [batch, length, heads, 1, width] by [heads, width, width]
    let mapped = weight.map { x + x.unsqueezed(-2).matmul($0.to(x.dtype)).squeezed(-2) } ?? x
    return .concatenated([mapped.softmax(-1), (-mapped).softmax(-1)], -1)
  }
}
