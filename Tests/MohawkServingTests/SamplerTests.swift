import Foundation
import MohawkFiles
import Testing

@testable import MohawkServing

@Suite struct SamplerTests {
  /// Log-probabilities of 0.4, 0.25, 0.15, 0.1, 0.06, 0.04, out of order.
  static let probabilities = [0.1, 0.4, 0.04, 0.25, 0.06, 0.15]
  static let logits = probabilities.map { Float(log($0)) + 3 }

  private func options(_ change: (inout SamplingOptions) -> Void) -> SamplingOptions {
    var options = SamplingOptions()
    options.temperature = 1
    change(&options)
    return options
  }

  /// What is drawn from the same logits again and again, and how often.
  private func counts(
    _ draws: Int = 4000, _ logits: [Float] = logits, _ change: (inout SamplingOptions) -> Void
  ) throws -> [Int: Int] {
    var sampler = try Sampler(options(change))
    var counts: [Int: Int] = [:]
    for _ in 0..<draws { counts[Int(sampler.next(logits)), default: 0] += 1 }
    return counts
  }

  /// χ² of counts against probabilities that need not add up to 1.
  private func chiSquare(_ counts: [Int: Int], _ weights: [Int: Double]) -> Double {
    let (draws, total) = (Double(counts.values.reduce(0, +)), weights.values.reduce(0, +))
    return weights.reduce(0) { sum, entry in
      let expected = draws * entry.value / total
      return sum + pow(Double(counts[entry.key] ?? 0) - expected, 2) / expected
    }
  }

  private func weights(_ kept: [Int]) -> [Int: Double] {
    Dictionary(uniqueKeysWithValues: kept.map { ($0, Self.probabilities[$0]) })
  }

  @Test func temperatureZeroTakesTheMostLikelyAndOfEqualsTheFirst() throws {
    #expect(try counts(50) { $0.temperature = 0 } == [1: 50])
    #expect(try counts(50, [0, 2, -1, 2]) { $0.temperature = 0 } == [1: 50])
    #expect(try counts(50, [-5, -7, -2]) { $0.temperature = 0 } == [2: 50])
  }

  // The 99.99 % quantiles of χ² with 5, 3, 2 and 1 degrees of freedom are 25.7, 21.1, 18.4 and 15.1; the seed is fixed.
  @Test func drawsFollowTheProbabilities() throws {
    let found = try counts { _ in }
    #expect(Set(found.keys) == Set(0..<6) && chiSquare(found, weights(Array(0..<6))) < 25.7)
  }

  @Test func temperatureSharpensAndFlattens() throws {
    for temperature in [0.5, 2] {
      let found = try counts { $0.temperature = temperature }
      let wanted = weights(Array(0..<6)).mapValues { pow($0, 1 / temperature) }
      #expect(chiSquare(found, wanted) < 25.7)
    }
    #expect(try counts(200) { $0.temperature = 1e-6 } == [1: 200])
    #expect(try counts(200) { $0.temperature = .leastNormalMagnitude } == [1: 200])
  }

  @Test func topKKeepsTheKMostLikely() throws {
    let found = try counts { $0.topK = 3 }
    #expect(Set(found.keys) == [1, 3, 5] && chiSquare(found, weights([1, 3, 5])) < 18.4)
    #expect(try counts(100) { $0.topK = 1 } == [1: 100])
    #expect(Set(try counts { $0.topK = 99 }.keys).count == 6)
    // Of equally likely tokens the first ones stay.
    #expect(Set(try counts(400, [1, 1, 1, 1]) { $0.topK = 2 }.keys) == [0, 1])
  }

  @Test func topPKeepsTheFewestThatReachP() throws {
    // Sums of the most likely: 0.4, 0.65, 0.8, 0.9, 0.96, 1.
    for (p, kept) in [(0.3, [1]), (0.41, [1, 3]), (0.64, [1, 3]), (0.66, [1, 3, 5]), (0.85, [1, 3, 5, 0])] {
      let found = try counts { $0.topP = p }
      #expect(Set(found.keys) == Set(kept), "\(p)")
      if kept.count > 1 { #expect(chiSquare(found, weights(kept)) < 21.1) }
    }
    #expect(Set(try counts(20_000) { $0.topP = 1 }.keys).count == 6)
    #expect(try counts(100) { $0.topP = 1e-9 } == [1: 100])
  }

  @Test func minPKeepsThoseNotFarBelowTheMostLikely() throws {
    // Beside 0.4: 1, 0.625, 0.375, 0.25, 0.15, 0.1.
    for (p, kept) in [(0.7, [1]), (0.6, [1, 3]), (0.3, [1, 3, 5]), (0.2, [1, 3, 5, 0]), (0.12, [1, 3, 5, 0, 4])] {
      #expect(Set(try counts { $0.minP = p }.keys) == Set(kept), "\(p)")
    }
    #expect(try counts(100) { $0.minP = 1 } == [1: 100])
  }

  @Test func filtersWorkOneAfterTheOther() throws {
    // Top-k leaves 0.4, 0.25, 0.15; half of these is reached by the first, more by the first two.
    #expect(
      Set(
        try counts {
          $0.topK = 3
          $0.topP = 0.49
        }.keys) == [1])
    #expect(
      Set(
        try counts {
          $0.topK = 3
          $0.topP = 0.51
        }.keys) == [1, 3])
    #expect(
      Set(
        try counts {
          $0.minP = 0.3
          $0.topK = 2
        }.keys) == [1, 3])
  }

  @Test func seenTokensAreMadeLessLikely() throws {
    var sampler = try Sampler(
      options {
        $0.temperature = 0
        $0.repetitionPenalty = 2
      })
    sampler.note([2])
    // 8 / 2 = 4 < 5, then 5 / 2 < 4, then 4 of token 2 again.
    #expect(sampler.next([1, 5, 8]) == 1)
    #expect(sampler.next([1, 5, 8]) == 2)
    // Negative logits are multiplied: −1 · 2 = −2 is less than −1.5.
    var negative = try Sampler(
      options {
        $0.temperature = 0
        $0.repetitionPenalty = 2
      })
    negative.note([0])
    #expect(negative.next([-1, -1.5, -9]) == 1)
    #expect(negative.next([-1, -1.5, -1.9]) == 2)
    // What is outside the logits is no reason to fail.
    negative.note([77])
    _ = negative.next([1, 2, 3])
  }

  @Test func theSameSeedGivesTheSameTokens() throws {
    func tokens(_ seed: UInt64) throws -> [Int32] {
      var sampler = try Sampler(options { $0.seed = seed })
      return (0..<60).map { _ in sampler.next(Self.logits) }
    }
    #expect(try tokens(1) == tokens(1))
    #expect(try tokens(1) != tokens(2))
  }

  @Test func optionsOutOfRangeAreRefused() {
    func refused(_ name: String, _ change: (inout SamplingOptions) -> Void) {
      let error = #expect(throws: MohawkError.self) { try Sampler(options(change)) }
      #expect(error?.code == .invalidValue && error?.message.hasPrefix(name) == true, "\(name)")
    }
    for value in [-0.1, .infinity, .nan] { refused("temperature") { $0.temperature = value } }
    refused("top-k") { $0.topK = -1 }
    for value in [0, -1, 1.01, .nan] { refused("top-p") { $0.topP = value } }
    for value in [-0.01, 1.01, .nan] { refused("min-p") { $0.minP = value } }
    for value in [0, -1, .infinity, .nan] { refused("repetition penalty") { $0.repetitionPenalty = value } }
  }
}
