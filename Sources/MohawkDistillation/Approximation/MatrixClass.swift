/// A class of causal matrices in which a sequence mixer's matrices lie.
public enum MatrixClass: Sendable, Hashable {
  /// Every token takes the mean of all tokens so far: nothing is fitted.
  case average
  /// A multiple of aⁱ⁻ʲ: one window that forgets at a constant rate.
  case window
  /// One number for each distance i − j.
  case toeplitz
  /// Blocks of √length tokens: dense inside, and for every place of a block one outer product with each block before.
  case monarch
  /// The lower triangle of C Bᵀ, with C and B of N columns: linear attention.
  case lowRank(Int)
  /// L ∘ C Bᵀ with Lᵢⱼ = aᵢ ⋯ aⱼ₊₁: state-space duality, Mamba-2.
  case ssd(Int)
  /// Every block on and below the diagonal has rank N at most: any linear recurrence with a state of N numbers.
  case semiseparable(Int)

  /// Its name in tables.
  public var name: String {
    switch self {
    case .average: "uniform average"
    case .window: "best window"
    case .toeplitz: "Toeplitz"
    case .monarch: "Monarch"
    case .lowRank: "causal low rank"
    case .ssd: "SSD"
    case .semiseparable: "semiseparable"
    }
  }

  /// N; nil for classes without.
  public var order: Int? {
    switch self {
    case .average, .window, .toeplitz, .monarch: nil
    case .lowRank(let order), .ssd(let order), .semiseparable(let order): order
    }
  }

  /// Those without an order, then every other class at every order.
  public static func all(orders: [Int]) -> [MatrixClass] {
    [.average, .window, .toeplitz, .monarch] + orders.map(MatrixClass.lowRank) + orders.map(MatrixClass.ssd)
      + orders.map(MatrixClass.semiseparable)
  }
}
