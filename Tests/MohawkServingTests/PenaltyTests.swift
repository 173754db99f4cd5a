import MohawkFiles
import Testing

@testable import MohawkServing

@Suite struct PenaltyTests {
  private func sampler(_ change: (inout SamplingOptions) -> Void) throws -> Sampler {
    var options = SamplingOptions()
    options.temperature = 0
    change(&options)
    return try Sampler(options)
  }

  @Test func biasesMoveTokens() throws {
    var sampler = try sampler { $0.logitBias = [2: 100, 0: -100] }
    #expect(sampler.next([5, 4, 0]) == 2)
    #expect(try PenaltyTests().sampler { $0.logitBias = [0: -2] }.distribution([5, 4, 0])[0].id == 1)
  }

  @Test func biasesOfIDsBeyondTheRowsDoNothing() throws {
    var sampler = try sampler { $0.logitBias = [99: 100, -1: 100] }
    #expect(sampler.next([5, 4]) == 0)
  }

  @Test func frequencyCountsEveryTimeAndPresenceOnce() throws {
    var often = try sampler { $0.frequencyPenalty = 1 }
    #expect((0..<4).map { _ in often.next([2.5, 0]) } == [0, 0, 0, 1])
    var once = try sampler { $0.presencePenalty = 1 }
    #expect((0..<4).map { _ in once.next([2.5, 0]) } == [0, 0, 0, 0])
    var strong = try sampler { $0.presencePenalty = 2 }
    #expect((0..<3).map { _ in strong.next([1, 0]) } == [0, 1, 0])
  }

  @Test func thePromptCountsForRepetitionOnly() throws {
    var frequency = try sampler { $0.frequencyPenalty = 2 }
    frequency.note([0, 0, 0])
    #expect(frequency.next([1, 0]) == 0)
    var repetition = try sampler { $0.repetitionPenalty = 10 }
    repetition.note([0])
    #expect(repetition.next([1, 0.5]) == 1)
  }

  @Test(arguments: [-2.1, 2.1, .nan, .infinity]) func penaltiesOutOfRangeAreRefused(_ value: Double) {
    #expect(throws: MohawkError.self) { try sampler { $0.frequencyPenalty = value } }
    #expect(throws: MohawkError.self) { try sampler { $0.presencePenalty = value } }
  }

  @Test(arguments: [-100.5, 101, .nan]) func biasesOutOfRangeAreRefused(_ value: Double) {
    #expect(throws: MohawkError.self) { try sampler { $0.logitBias = [1: value] } }
  }
}
