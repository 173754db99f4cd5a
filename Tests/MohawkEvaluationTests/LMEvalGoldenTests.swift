import Foundation
import MohawkReports
import MohawkTensor
import Testing

@testable import MohawkEvaluation

/// What lm_eval 0.4.13 finds with its backend `hf` on a tiny Llama, and what is found here.
@Suite struct LMEvalGoldenTests {
  /// `expected.json`, by `Scripts/goldens/lm_eval_goldens.py`.
  struct Expected: Decodable {
    struct Task: Decodable {
      let results: [String: Number]
      let likelihoods: [[Answer]]
    }
    struct Random: Decodable {
      let units: [Double]
      let below: [Int]
      let samples: [String: [Int]]
      let seed0: Double
    }
    struct Bootstrap: Decodable {
      let values: [Double]
      let error: Double
    }
    let window: Int
    let runs: [String: [String: Task]]
    let random: Random
    let bootstrap: Bootstrap
  }

  /// A log-likelihood and whether it is greedy.
  struct Answer: Decodable {
    let logProbability: Double
    let isGreedy: Bool
    init(from decoder: any Decoder) throws {
      var list = try decoder.unkeyedContainer()
      logProbability = try list.decode(Double.self)
      isGreedy = try list.decode(Bool.self)
    }
  }

  /// A number, or nil for "N/A".
  struct Number: Decodable {
    let value: Double?
    init(from decoder: any Decoder) throws { value = try? decoder.singleValueContainer().decode(Double.self) }
  }

  static let folder = Bundle.module.resourcePath! + "/Goldens"

  static func expected() throws -> Expected {
    try JSONDecoder().decode(
      Expected.self, from: Data(contentsOf: URL(fileURLWithPath: folder + "/expected.json")))
  }

  static func model() throws -> EvaluatedModel {
    Runtime.threads = 1
    return try EvaluatedModel.open(folder + "/model", weights: .float32)
  }

  static func task(_ name: String, shots: Int) throws -> EvaluationTask {
    var options = TaskOptions()
    options.shots = shots
    if shots > 0, name != "lambada_openai" { options.examples[name] = "\(folder)/tasks/\(name)-train.jsonl" }
    return try EvaluationTask.all(["\(name)=\(folder)/tasks/\(name).jsonl"], options)[0]
  }

  static let names = ["hellaswag", "piqa", "arc_easy", "arc_challenge", "winogrande", "lambada_openai"]

  @Test func theWindowIsThatOfTheFolder() throws {
    #expect(try Self.model().window == Self.expected().window)
  }

  @Test(arguments: names, [0, 2, 6]) func likelihoodsAndSharesAreThoseOfLMEval(_ name: String, _ shots: Int) throws {
    let expected = try #require(try Self.expected().runs["\(shots)"]?[name])
    let (outcomes, samples) = try Self.task(name, shots: shots).run(Self.model())
    #expect(samples.count == expected.likelihoods.count && outcomes.count == 1)
    for (sample, theirs) in zip(samples, expected.likelihoods) {
      #expect(sample.answers.count == theirs.count)
      for (mine, theirs) in zip(sample.answers, theirs) {
        #expect(abs(mine.logProbability - theirs.logProbability) < 1e-4, "\(name) \(sample.document)")
        #expect(mine.isGreedy == theirs.isGreedy)
      }
    }
    #expect(outcomes[0].shots == shots && outcomes[0].judged == samples.count)
    var names: Set<String> = []
    for measure in outcomes[0].measures {
      names.formUnion([measure.name, measure.name + "_stderr"])
      let value = try #require(expected.results[measure.name]?.value)
      let error = try #require(expected.results[measure.name + "_stderr"]?.value)
      if measure.name == "perplexity" {
        #expect(abs(measure.value - value) < 1e-4 * value)
        #expect(abs(measure.standardError! - error) < 1e-3 * error)
      } else {
        #expect(measure.value == value)
        #expect(abs(measure.standardError! - error) < 1e-15)
      }
    }
    #expect(names == Set(expected.results.keys))
  }

  @Test func perplexityOfDocumentsIsThatOfLMEval() throws {
    let expected = try #require(try Self.expected().runs["0"]?["perplexity"]).results
    let outcome = try Self.task("perplexity", shots: 0).run(Self.model()).outcomes[0]
    for name in ["word_perplexity", "byte_perplexity", "bits_per_byte"] {
      let mine = try #require(outcome.measures.first { $0.name == name })
      let theirs = try #require(expected[name]?.value)
      #expect(abs(mine.value - theirs) < 1e-5 * theirs)
    }
  }

  @Test func pythonsRandomNumbersAreDrawn() throws {
    let expected = try Self.expected().random
    var random = PythonRandom(seed: 1234)
    #expect(expected.units.map { _ in random.unit() } == expected.units)
    #expect([1, 2, 3, 10, 1000, 1 << 31].map { random.below($0) } == expected.below)
    for (name, sample) in expected.samples {
      let numbers = name.split(separator: " ").compactMap { Int($0) }
      var random = PythonRandom(seed: 1234)
      #expect(random.sample(numbers[0], of: numbers[1]) == sample, "\(name)")
    }
    var other = PythonRandom(seed: 0)
    #expect(other.unit() == expected.seed0)
  }

  @Test func theErrorOfAPerplexityIsThatOfThePublishedBootstrap() throws {
    let expected = try Self.expected().bootstrap
    let error = try #require(TaskStatistics.perplexityError(expected.values))
    #expect(abs(error - expected.error) < 1e-10 * expected.error)
    #expect(TaskStatistics.perplexityError([-1]) == nil && TaskStatistics.standardError([1]) == nil)
  }
}
