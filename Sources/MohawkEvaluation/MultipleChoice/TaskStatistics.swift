import Dispatch
import Foundation
import Synchronization

/// Means and standard errors over documents, as lm_eval computes them.
enum TaskStatistics {
  /// Draws of the bootstrap: lm_eval's default, 100 seeds of 1,000.
  static let bootstrapSeeds = 100

  static func mean(_ values: [Double]) -> Double { values.reduce(0, +) / Double(values.count) }

  /// exp of the mean negative log-likelihood.
  static func perplexity(_ logLikelihoods: [Double]) -> Double { exp(-mean(logLikelihoods)) }

  /// The sample's standard deviation (n − 1), nil for fewer than two values.
  static func deviation(_ values: [Double]) -> Double? {
    guard values.count > 1 else { return nil }
    let centre = mean(values)
    return (values.reduce(0) { $0 + ($1 - centre) * ($1 - centre) } / Double(values.count - 1)).squareRoot()
  }

  /// The standard error of the mean, nil for fewer than two values.
  static func standardError(_ values: [Double]) -> Double? {
    deviation(values).map { $0 / Double(values.count).squareRoot() }
  }

  /// The standard error of exp(−mean) by the bootstrap, with the draws of Python's generator; nil for fewer than two.
  static func perplexityError(_ logLikelihoods: [Double]) -> Double? {
    let count = logLikelihoods.count
    guard count > 1 else { return nil }
    let draws = Mutex([Double](repeating: 0, count: bootstrapSeeds * 1000))
    DispatchQueue.concurrentPerform(iterations: bootstrapSeeds) { seed in
      var random = PythonRandom(seed: UInt32(seed))
      let perplexities = (0..<1000).map { _ in
        var sum = 0.0
        for _ in 0..<count { sum += logLikelihoods[Int(random.unit() * Double(count))] }
        return exp(-sum / Double(count))
      }
      draws.withLock { $0.replaceSubrange(seed * 1000..<seed * 1000 + 1000, with: perplexities) }
    }
    return draws.withLock { deviation($0) }
  }

  /// The place of the largest value as numpy finds it: the first of equals, and a NaN before all others.
  static func largest(_ values: [Double]) -> Int {
    var best = 0
    for (index, value) in values.enumerated() {
      if value.isNaN { return index }
      if value > values[best] { best = index }
    }
    return best
  }
}
