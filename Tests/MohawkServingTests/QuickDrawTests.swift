import Foundation
import MohawkText
import Testing

@testable import MohawkServing

/// Quick draws against those from the whole distribution.
@Suite struct QuickDrawTests {
  private func logits(_ count: Int, _ spread: Double, _ random: inout SeededGenerator) -> [Float] {
    (0..<count).map { _ in
      // Many of them equal, and some that cannot be drawn.
      random.next(below: 20) == 0 ? -.infinity : Float((random.nextUnit() * spread * 8).rounded() / 8)
    }
  }

  @Test func theSameSeedGivesTheTokensOfTheSlowForm() throws {
    var random = SeededGenerator(seed: 2)
    var different = 0
    var draws = 0
    for trial in 0..<240 {
      let logits = logits(trial % 8 == 0 ? 4000 : 1 + random.next(below: 700), [0, 2, 12, 40][trial % 4], &random)
      guard logits.contains(where: \.isFinite) else { continue }
      var options = SamplingOptions()
      options.seed = UInt64(trial)
      options.temperature = [0.01, 0.5, 1, 1.7][random.next(below: 4)]
      options.topP = [1, 0.95, 0.5, 1e-6, 0.9999, random.nextUnit() + 1e-9][random.next(below: 6)]
      options.minP = random.next(below: 3) == 0 ? random.nextUnit() / 4 : 0
      var quick = try Sampler(options)
      var slow = quick
      for _ in 0..<20 {
        draws += 1
        let (found, wanted) = (quick.next(logits), slow.draw(from: slow.distribution(logits)))
        if found == wanted { continue }
        // Sums in another order may round to the other side of a border between two tokens.
        different += 1
        #expect(slow.distribution(logits).contains { $0.id == found }, "\(options): \(found) for \(wanted)")
      }
      // Both have drawn as often.
      #expect(quick.drawUnit() == slow.drawUnit(), "\(options)")
    }
    #expect(draws > 4000 && different * 1000 < draws, "\(different) of \(draws)")
  }

  @Test func penaltiesAndBiasesComeBeforeTheDraw() throws {
    var options = SamplingOptions()
    (options.temperature, options.topP) = (1, 0.9)
    (options.repetitionPenalty, options.frequencyPenalty, options.logitBias) = (1.3, 0.5, [4: 3])
    var random = SeededGenerator(seed: 3)
    let logits = (0..<50).map { _ in Float(4 * random.nextUnit()) }
    var quick = try Sampler(options)
    var slow = quick
    for _ in 0..<200 {
      let wanted = slow.draw(from: slow.distribution(logits))
      slow.chose(wanted)
      #expect(quick.next(logits) == wanted)
    }
  }

  /// As a model's: few likely tokens, and a long tail of others.
  @Test func aTailOfManyUnlikelyTokensIsDrawnAsOftenAsItShould() throws {
    let logits = (0..<20_000).map { Float(-1.1 * log(Double($0 + 1))) }
    var options = SamplingOptions()
    options.temperature = 1
    for p in [1, 0.8] {
      options.topP = p
      var sampler = try Sampler(options)
      let kept = sampler.distribution(logits)
      let total = kept.reduce(0) { $0 + $1.weight }
      let bounds = [0, 1, 10, 100, kept.count]
      var counts = Array(repeating: 0, count: 4)
      for _ in 0..<4000 {
        let id = Int(sampler.next(logits))
        #expect(id < kept.count)
        counts[bounds.lastIndex { $0 <= id }!] += 1
      }
      let chi = counts.enumerated().reduce(0.0) { sum, entry in
        let share = kept[bounds[entry.offset]..<bounds[entry.offset + 1]].reduce(0) { $0 + $1.weight } / total
        return sum + pow(Double(entry.element) - 4000 * share, 2) / (4000 * share)
      }
      #expect(chi < 21.1)  // the 99.99 % quantile with 3 degrees of freedom; the seed is fixed
    }
  }
}
