import Foundation
import Testing

@testable import MohawkReports

/// Against `scipy.stats.ttest_rel`, its `confidence_interval`, and `scipy.stats.t` of scipy 1.17.1.
@Suite struct PairedTestTests {
  private func isNear(_ value: Double, _ other: Double, _ share: Double = 1e-9) -> Bool {
    abs(value - other) <= share * max(abs(other), 1e-12)
  }

  private static let alternating: [Double] = (0..<12).map { index -> Double in
    0.1 * Double(index) + (index % 2 == 0 ? 0.03 : -0.03) - 0.004 * Double(index)
  }

  /// Two samples, and the mean of their differences, half of the interval, t and p.
  private struct Case: Sendable {
    let first: [Double]
    let second: [Double]
    let expected: [Double]
  }

  private static let cases = [
    Case(
      first: [0.311, 0.305, 0.320], second: [0.158, 0.163, 0.150],
      expected: [0.155, 0.03504307483679329, 19.03118308587883, 0.00274963041238961]),
    Case(
      first: [1, 2], second: [1.5, 1.9],
      expected: [-0.2, 3.811861420852409, -0.6666666666666664, 0.6256659163780026]),
    Case(
      first: [5, 4, 3.5, 6, 5.5], second: [4.9, 4.2, 3.4, 5.8, 5.6],
      expected: [0.02, 0.2040262141974767, 0.2721655269759089, 0.7989658591927786]),
    Case(
      first: (0..<12).map { 0.1 * Double($0) }, second: alternating,
      expected: [0.022, 0.02309048549392824, 2.0970400788995462, 0.059906484151149214]),
  ]

  @Test(arguments: cases) private func aPairedTestIsScipys(_ sample: Case) throws {
    let (first, second, expected) = (sample.first, sample.second, sample.expected)
    let test = try #require(PairedTest(first, second))
    for (value, other) in zip([test.mean, test.interval, test.t, test.p], expected) {
      #expect(isNear(value, other, 1e-8), "\(value) \(other)")
    }
    #expect(test.pairs == first.count)
    let turned = try #require(PairedTest(second, first))
    #expect(isNear(turned.p, test.p) && isNear(turned.t, -test.t))
  }

  private static let tails: [(Double, Double, Double)] = [
    (0.1, 1, 0.936548965138893), (3, 1, 0.20483276469913345), (2.2, 2, 0.15880897580794018),
    (10, 4, 0.000562003622715991), (1.5, 30, 0.144065929128646), (60, 3, 1.0199593673319755e-05), (0, 5, 1),
  ]

  @Test(arguments: tails) func tailsOfTheDistributionAreScipys(_ t: Double, _ freedom: Double, _ expected: Double) {
    #expect(isNear(StudentT.tails(t, freedom), expected))
    #expect(isNear(StudentT.tails(-t, freedom), expected))
  }

  private static let quantiles: [(Double, Double)] = [
    (1, 12.706204736174694), (2, 4.302652729749462), (4, 2.7764451051977934), (9, 2.262157162798205),
    (100, 1.9839715185235518),
  ]

  @Test(arguments: quantiles) func quantilesAreScipys(_ freedom: Double, _ expected: Double) {
    #expect(isNear(StudentT.quantile(0.975, freedom), expected))
  }

  @Test func samplesThatSayNothingGiveNoTest() throws {
    #expect(PairedTest([1], [2]) == nil && PairedTest([], []) == nil && PairedTest([1, .nan], [2, 3]) == nil)
    let same = try #require(PairedTest([1, 2], [1, 2]))
    #expect(same.p.isNaN && same.mean == 0 && same.interval == 0)
    let constant = try #require(PairedTest([2, 3], [1, 2]))
    #expect(constant.p == 0 && constant.t == .infinity && constant.mean == 1)
  }

  @Test func aSpreadHasTheSampleDeviation() throws {
    let spread = try #require(Spread([1, 2, 4, .infinity]))
    #expect(spread.count == 3 && isNear(spread.mean, 7.0 / 3) && isNear(spread.deviation!, 1.5275252316519468))
    #expect(spread.text == "2.333 ± 1.528")
    #expect(Spread([0.31084])?.text == "0.3108" && Spread([]) == nil)
    #expect(Spread([0.3107, 0.3109])?.text == "0.3108 ± 0.0001")
  }
}
