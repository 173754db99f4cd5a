import Foundation
import MohawkText
import Testing

@Suite struct RandomTests {
  @Test func theGeneratorIsSplitMix64() {
    // The first numbers of the public reference implementation for the seed 1234567.
    var random = SeededGenerator(seed: 1_234_567)
    #expect(
      (0..<5).map { _ in random.next() } == [
        6_457_827_717_110_365_317, 3_203_168_211_198_807_973, 9_817_491_932_198_370_423, 4_593_380_528_125_082_431,
        16_408_922_859_458_223_821,
      ])
  }

  @Test func aSavedGeneratorGoesOnWhereItWas() throws {
    var random = SeededGenerator(seed: 9)
    for _ in 0..<10 { _ = random.next() }
    var saved = try JSONDecoder().decode(SeededGenerator.self, from: JSONEncoder().encode(random))
    var skipped = SeededGenerator(seed: 9, drawn: 10)
    let next = random.next()
    #expect(saved.next() == next)
    #expect(skipped.next() == next)
  }

  @Test func streamsOfASeedDiffer() {
    let firsts = (0..<1000).map { stream in
      var random = SeededGenerator(seed: 5, stream: UInt64(stream))
      return random.next()
    }
    #expect(Set(firsts).count == 1000)
  }

  @Test func boundedNumbersAreEven() {
    var random = SeededGenerator(seed: 3)
    var counts = [Int](repeating: 0, count: 7)
    for _ in 0..<70_000 { counts[random.next(below: 7)] += 1 }
    // Five standard deviations of a binomial count.
    #expect(counts.allSatisfy { abs($0 - 10_000) < 470 })
    #expect((0..<1000).allSatisfy { _ in (0..<1).contains(random.nextUnit()) })
  }

  @Test(arguments: [0, 1, 2, 3, 4, 5, 15, 16, 17, 255, 1000, 4097])
  func aPermutationHitsEveryValueOnce(count: Int) {
    let permutation = SeededPermutation(count: count, seed: 7)
    #expect((0..<count).map { permutation[$0] }.sorted() == Array(0..<count))
  }

  @Test func permutationsDifferBySeedAndStream() {
    func values(_ seed: UInt64, _ stream: UInt64) -> [Int] {
      let permutation = SeededPermutation(count: 100, seed: seed, stream: stream)
      return (0..<100).map { permutation[$0] }
    }
    #expect(values(1, 0) == values(1, 0))
    #expect(Set([values(1, 0), values(1, 1), values(2, 0), Array(0..<100)]).count == 4)
  }
}
