import Foundation

/// Student's paired t-test: whether two arms differ by more than their seeds do.
public struct PairedTest: Codable, Sendable, Equatable {
  /// How many pairs there are.
  public let pairs: Int
  /// Mean of the differences, the first sample less the second.
  public let mean: Double
  /// Half the width of the 95 % confidence interval of `mean`.
  public let interval: Double
  /// The statistic; infinite where all differences are the same.
  public let t: Double
  /// Probability of a difference at least so large, in either direction, where there is none; NaN where nothing differs.
  public let p: Double

  /// Tests two samples whose values belong together one by one; nil with fewer than two pairs of finite values.
  public init?(_ first: [Double], _ second: [Double]) {
    let differences = zip(first, second).map { $0 - $1 }.filter(\.isFinite)
    guard let spread = Spread(differences), let deviation = spread.deviation else { return nil }
    let error = deviation / Double(differences.count).squareRoot()
    let freedom = Double(differences.count - 1)
    pairs = differences.count
    mean = spread.mean
    t = mean / error
    p = t.isNaN ? .nan : StudentT.tails(t, freedom)
    interval = error * StudentT.quantile(0.975, freedom)
  }
}

/// Mean and sample deviation.
public struct Spread: Codable, Sendable, Equatable {
  /// How many values there are.
  public let count: Int
  /// The mean.
  public let mean: Double
  /// The sample deviation, with n − 1; nil of a single value.
  public let deviation: Double?

  /// Of the finite ones of these values; nil when there are none.
  public init?(_ values: [Double]) {
    let values = values.filter(\.isFinite)
    guard !values.isEmpty else { return nil }
    let mean = values.reduce(0, +) / Double(values.count)
    count = values.count
    self.mean = mean
    let squares = values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) }
    deviation = values.count > 1 ? (squares / Double(values.count - 1)).squareRoot() : nil
  }

  /// Such as `0.1234 ± 0.0056`.
  public var text: String { deviation.map { Number.spread(mean, $0) } ?? Number.short(mean) }
}

/// Student's t distribution.
enum StudentT {
  /// Probability of a value at least as far from 0 as `t`, with `freedom` degrees of freedom.
  static func tails(_ t: Double, _ freedom: Double) -> Double {
    t.isInfinite ? 0 : incompleteBeta(freedom / (freedom + t * t), freedom / 2, 0.5)
  }

  /// The value below which `probability`, above 0.5, lies.
  static func quantile(_ probability: Double, _ freedom: Double) -> Double {
    var (low, high) = (0.0, 1.0)
    while tails(high, freedom) > 2 * (1 - probability) { high *= 2 }
    for _ in 0..<100 {
      let middle = (low + high) / 2
      if tails(middle, freedom) > 2 * (1 - probability) { low = middle } else { high = middle }
    }
    return (low + high) / 2
  }

  /// The regularised incomplete beta function I_x(a, b), by its continued fraction (Abramowitz and Stegun, 26.5.8).
  private static func incompleteBeta(_ x: Double, _ a: Double, _ b: Double) -> Double {
    if x <= 0 || x >= 1 { return x <= 0 ? 0 : 1 }
    // The fraction converges fast only on this side of the mean.
    if x > (a + 1) / (a + b + 2) { return 1 - incompleteBeta(1 - x, b, a) }
    let beta: Double = lgamma(a) + lgamma(b) - lgamma(a + b)
    let front: Double = exp(a * log(x) + b * log(1 - x) - beta) / a
    func bounded(_ value: Double) -> Double { abs(value) < 1e-300 ? 1e-300 : value }
    // Lentz's method: `value` is the fraction so far.
    var c = 1.0
    var d = 1 / bounded(1 - (a + b) * x / (a + 1))
    var value = d
    for m in 1...10_000 {
      let m = Double(m)
      let place: Double = a + 2 * m
      let even: Double = m * (b - m) * x / ((place - 1) * place)
      let odd: Double = -(a + m) * (a + b + m) * x / (place * (place + 1))
      var change = 1.0
      for term in [even, odd] {
        d = 1 / bounded(1 + term * d)
        c = bounded(1 + term / c)
        change = c * d
        value *= change
      }
      if abs(change - 1) < 1e-15 { break }
    }
    return front * value
  }
}
