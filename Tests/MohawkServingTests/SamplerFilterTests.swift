import Foundation
import MohawkText
import Testing

@testable import MohawkServing

@Suite struct SamplerFilterTests {
  /// What may be drawn, by sorting everything.
  private func obvious(_ logits: [Float], _ options: SamplingOptions) -> [Sampler.Candidate] {
    let peak = logits.max()!
    var all: [Sampler.Candidate] = logits.enumerated().map { index, logit in
      (Int32(index), exp(Double(logit - peak) / options.temperature))
    }
    all.removeAll { $0.weight < options.minP }
    if options.topK > 0 || options.topP < 1 { all.sort { ($0.weight, $1.id) > ($1.weight, $0.id) } }
    if options.topK > 0 { all = Array(all.prefix(options.topK)) }
    let total = all.reduce(0) { $0 + $1.weight }
    var sum = 0.0
    var kept: [Sampler.Candidate] = []
    for candidate in all {
      kept.append(candidate)
      sum += candidate.weight
      if options.topP < 1, sum >= options.topP * total { break }
    }
    return kept
  }

  @Test func filtersKeepWhatSortingEverythingKeeps() throws {
    var random = SeededGenerator(seed: 4)
    for trial in 0..<400 {
      let count = 1 + random.next(below: trial % 10 == 0 ? 3_000 : 60)
      let spread = [0, 1, 8, 60][random.next(below: 4)]
      let logits = (0..<count).map { _ in
        random.next(below: 12) == 0 ? -Float.infinity : Float(random.next(below: 2 * spread + 1) - spread) / 2
      }
      guard logits.contains(where: \.isFinite) else { continue }
      var options = SamplingOptions()
      options.temperature = [0.3, 1, 4][random.next(below: 3)]
      options.topK = random.next(below: 2) * random.next(below: count + 5)
      options.topP = random.next(below: 2) == 0 ? 1 : 0.01 + 0.99 * random.nextUnit()
      options.minP = random.next(below: 2) == 0 ? 0 : random.nextUnit() / 10
      let found = try Sampler(options).distribution(logits)
      let wanted = obvious(logits, options)
      // Sums in another order may round to the other side of p.
      let isClose = options.topP < 1 && abs(found.count - wanted.count) <= 1
      #expect(found.count == wanted.count || isClose, "\(options)")
      #expect(zip(found, wanted).allSatisfy { $0 == $1 })
    }
  }
}

extension Sampler {
  func distribution(_ logits: [Float]) -> [Candidate] { logits.withUnsafeBufferPointer { distribution($0) } }
}
