import MohawkModels
import MohawkTensor
import Testing

@testable import MohawkDistillation

/// Which layers keep attention where a recipe asks for the best ones.
@Suite struct AttentionChoiceTests {
  private let teacher: Decoder
  private let text: RepeatedText

  init() throws {
    teacher = try TinyPair(layers: 4).teacher
    text = RepeatedText(RandomGenerator(seed: 2).integers(0..<40, [3, 24]), span: 6)
  }

  /// By whole models, nothing of whose passes is shared.
  private func distance(keeping layers: Set<Int>) -> (repeated: Double, elsewhere: Double) {
    withoutGradients {
      let model = teacher.windowed(5, sinks: 2, except: layers)
      let (wanted, own) = (teacher(text.ids).logSoftmax(-1), model(text.ids).logSoftmax(-1))
      let divergence = (wanted.exp() * (wanted - own)).sum(over: -1)
      return (
        divergence.narrowed(1, from: 18, length: 5).mean().item(),
        divergence.narrowed(1, from: 12, length: 5).mean().item()
      )
    }
  }

  private func search(_ count: Int, known: AttentionChoice? = nil) throws -> AttentionChoice {
    try AttentionChoice.run(teacher, text, count: count, window: 5, sinks: 2, known: known)
  }

  @Test func everyRoundKeepsTheLayerThatBringsTheModelNearestToItsTeacher() throws {
    let choice = try search(3)
    let none = distance(keeping: [])
    #expect(abs(choice.repeated - none.repeated) < 1e-9 && abs(choice.elsewhere - none.elsewhere) < 1e-9)
    #expect(none.repeated > 1e-4)
    var kept: Set<Int> = []
    for round in choice.rounds {
      let candidates = Set(0..<4).subtracting(kept)
      #expect(Set(round.tried.keys) == candidates)
      for layer in candidates {
        let wanted = distance(keeping: kept.union([layer]))
        #expect(abs(round.tried[layer]! - wanted.repeated - wanted.elsewhere) < 1e-9)
      }
      #expect(round.tried[round.layer] == round.tried.values.min())
      kept.insert(round.layer)
      let now = distance(keeping: kept)
      #expect(abs(round.repeated - now.repeated) < 1e-9 && abs(round.elsewhere - now.elsewhere) < 1e-9)
    }
    #expect(choice.layers(3) == kept.sorted() && choice.layers(1) == [choice.rounds[0].layer])
    let all = try search(9)
    #expect(all.rounds.count == 4 && abs(all.rounds[3].repeated) < 1e-9)
  }

  @Test func aSearchThatWasStoppedGoesOnWithTheSameNumbers() throws {
    struct Stop: Error {}
    var known: AttentionChoice?
    var calls = 0
    #expect(throws: Stop.self) {
      try AttentionChoice.run(teacher, text, count: 3, window: 5, sinks: 2) {
        calls += 1
        if calls == 7 { throw Stop() }
      } chosen: {
        known = $0
      }
    }
    let first = try #require(known)
    #expect(first.rounds.count == 1)
    #expect(try search(3, known: first) == search(3))
  }

  @Test func theEndOfATextStandsInItEarlier() throws {
    let ids = RandomGenerator(seed: 5).integers(0..<1000, [4, 64])
    let text = RepeatedText(ids, span: 16)
    #expect(text.ids.shape == [4, 64])
    var places: Set<Int> = []
    for row in 0..<4 {
      let (before, after) = (ids.selected(0, row).integers(), text.ids.selected(0, row).integers())
      #expect(after.prefix(48) == before.prefix(48))
      let place = try #require((0..<32).first { Array(after[$0..<$0 + 16]) == Array(after[48...]) })
      #expect(place + 16 <= 32)
      places.insert(place)
    }
    #expect(places.count > 1)
  }
}
