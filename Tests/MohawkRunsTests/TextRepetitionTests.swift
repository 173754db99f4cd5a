import MohawkServing
import MohawkText
import Testing

@testable import MohawkRuns

@Suite struct TextRepetitionTests {
  private func document(_ index: Int, _ text: String, _ finish: BatchEvent.Finish, tokens: Int) -> SynthesizedDocument {
    SynthesizedDocument(
      index: index, seed: 0, prompt: nil, question: nil, written: text, tokens: tokens, finish: finish)
  }

  @Test func theNumbersAreThoseOfACountByStrings() {
    var random = SeededGenerator(seed: 1)
    var counter = RepetitionCounter()
    var shares: [Double] = []
    var all: [String] = []
    var lengths: [Int] = []
    for index in 0..<60 {
      let words = (0..<random.next(below: 40)).map { _ in ["a", "b", "ä", "dog"][random.next(below: 1 + index % 4)] }
      let gaps = [" ", "\n", "  ", "\t"]
      let text = words.reduce(into: "") { $0 += $1 + gaps[random.next(below: 4)] }
      lengths.append(random.next(below: 100))
      counter.add(document(index, text, index % 3 == 0 ? .stop : .length, tokens: lengths[index]))
      guard words.count >= 4 else { continue }
      let four = (0...(words.count - 4)).map { words[$0..<$0 + 4].joined(separator: " ") }
      shares.append(Double(four.count - Set(four).count) / Double(four.count))
      all += four
    }
    let found = counter.result
    let sorted = (shares.sorted(), lengths.sorted())
    #expect(abs(found.repeatedMean - shares.reduce(0, +) / Double(shares.count)) < 1e-12)
    #expect(abs(found.repeatedP90 - sorted.0[(shares.count - 1) * 9 / 10]) < 1e-12)
    #expect(abs(found.distinct - Double(Set(all).count) / Double(all.count)) < 1e-12)
    #expect(found.lengthMean == Double(lengths.reduce(0, +)) / 60)
    #expect([found.lengthP10, found.lengthP50, found.lengthP90] == [5, 29, 53].map { sorted.1[$0] })
    #expect(found.ended == 20 && found.cut == 40)
  }

  @Test func textThatIsTooShortToRepeatCountsWithItsLength() {
    var counter = RepetitionCounter()
    #expect(counter.result == TextRepetition())
    counter.add(document(0, "only three words", .stop, tokens: 3))
    #expect(counter.result.repeatedMean == 0 && counter.result.lengthP90 == 3 && counter.result.ended == 1)
    counter.add(document(1, "so so so so so", .length, tokens: 5))
    #expect(counter.result.repeatedMean == 0.5 && counter.result.distinct == 0.5)
  }
}
