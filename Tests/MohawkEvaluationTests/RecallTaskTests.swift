import Foundation
import MohawkFiles
import MohawkTensor
import MohawkText
import Testing

@testable import MohawkEvaluation

@Suite struct RecallTaskTests {
  static func source() throws -> TokenSource { TokenSource(try TinyEvaluated.tokenizer()) }

  static let cases: [(String, Int)] = [
    ("phonebook", 6), ("copying", 9), ("copying_tokens", 12), ("mqar", 7), ("needle", 400), ("needle_tokens", 64),
  ]

  static func format(_ name: String) throws -> RecallFormat {
    try #require(RecallFormat.all.first { $0.name == name })
  }

  @Test(arguments: cases) func everyAnswerStandsBeforeIt(_ name: String, _ size: Int) throws {
    let source = try Self.source()
    for problem in try Self.format(name).problems(25, size: size, source, seed: 3) {
      #expect(!problem.answers.isEmpty)
      for answer in problem.answers {
        #expect(!answer.isEmpty && answer.lowerBound > 0 && answer.upperBound <= problem.ids.count)
        let wanted = Array(problem.ids[answer])
        if name == "phonebook" || name == "needle" || name == "copying" {
          let text = try source.tokenizer.decode(wanted).trimmingCharacters(in: .whitespacesAndNewlines)
          #expect(!text.isEmpty)
          #expect(try source.tokenizer.decode(problem.ids[..<answer.lowerBound]).contains(text), "\(text)")
        } else {
          // Also the token that calls for it stood before the answer.
          let cued = Array(problem.ids[(answer.lowerBound - 1)..<answer.upperBound])
          let before = problem.ids[..<(answer.lowerBound - 1)]
          #expect((0...before.count - cued.count).contains { Array(before[$0..<$0 + cued.count]) == cued })
        }
      }
    }
  }

  @Test(arguments: cases) func problemsAreAFunctionOfTheSeed(_ name: String, _ size: Int) throws {
    let (source, format) = (try Self.source(), try Self.format(name))
    let problems = try format.problems(12, size: size, source, seed: 3)
    #expect(try format.problems(12, size: size, source, seed: 3) == problems)
    #expect(try Array(format.problems(20, size: size, source, seed: 3).prefix(12)) == problems)
    let others = try format.problems(12, size: size, source, seed: 4)
    #expect(zip(problems, others).allSatisfy { $0 != $1 })
    #expect(Set(problems.map(\.ids)).count == 12)
  }

  @Test func whatIsAskedForIsUnique() throws {
    let source = try Self.source()
    for problem in try Self.format("phonebook").problems(20, size: 12, source, seed: 1) {
      let lines = try source.tokenizer.decode(problem.ids, skippingSpecial: true).split(separator: "\n")
      let names = lines.dropFirst().prefix(12).map { $0.prefix { $0 != ":" } }
      #expect(Set(names).count == 12)
      #expect(names.contains { lines.last!.hasPrefix($0) })
    }
    for problem in try Self.format("mqar").problems(20, size: 30, source, seed: 1) {
      let plain = problem.ids.dropFirst(source.prefix.count)
      #expect(plain.count == 120 && Set(plain).count == 60 && problem.answers.count == 30)
      #expect(Set(plain.prefix(60)) == Set(plain.suffix(60)))
    }
    for problem in try Self.format("copying_tokens").problems(20, size: 30, source, seed: 1) {
      let plain = Array(problem.ids.dropFirst(source.prefix.count))
      #expect(Array(plain[..<30]) == Array(plain[30...]) && Set(plain).count == 30)
    }
    for problem in try Self.format("needle_tokens").problems(20, size: 80, source, seed: 1) {
      let value = problem.ids.suffix(4)
      #expect(value.allSatisfy { id in problem.ids.count { $0 == id } == 2 })
    }
  }

  @Test(arguments: ["needle", "needle_tokens"]) func needlesLieAtTheirDepthsInTextsOfTheSize(_ name: String) throws {
    let source = try Self.source()
    for size in [300, 2000] {
      let problems = try Self.format(name).problems(10, size: size, source, seed: 2)
      for (index, problem) in problems.enumerated() {
        #expect(problem.ids.count <= size && problem.ids.count > size - 150)
        if name == "needle_tokens" { #expect(problem.ids.count == size) }
        let depth = RecallFormat.depths[index % 5]
        #expect(problem.group == "depth_\(Int(depth * 100))")
        let answer = problem.answers[0]
        let wanted = try source.tokenizer.decode(problem.ids[answer])
        // Where the beginning of the text holds the answer for the first time.
        var (low, high) = (0, answer.lowerBound)
        while low + 1 < high {
          let middle = (low + high) / 2
          let begun = problem.ids[..<middle]
          let holds =
            name == "needle"
            ? try source.tokenizer.decode(begun).contains(wanted + ".")
            : begun.contains(problem.ids[answer.lowerBound + 3])
          (low, high) = holds ? (low, middle) : (middle, high)
        }
        #expect(abs(Double(high) / Double(size) - depth) < (size == 300 ? 0.5 : 0.12), "\(high) of \(size) at \(depth)")
      }
    }
  }

  @Test func scoresAreThoseOfGreedyGeneration() throws {
    let model = try TinyEvaluated.model([.discreteMamba2, .attention])
    let prompt: [Int32] = (0..<30).map { $0 * 7 % 400 }
    let text = GreedyContinuations.of(model, [prompt], limit: 4)[0]
    try #require(text.count == 4)
    func score(_ answer: [Int32]) -> RecallScore {
      RecallScore(RecallProblem(ids: prompt + answer, answers: [30..<34]), by: model)
    }
    #expect(score(text).exact == 1 && score(text).tokens == 1)
    let wrong = Array(text[..<3]) + [(text[3] + 1) % 400]
    #expect(score(wrong).exact == 0 && score(wrong).tokens == 0.75)
    let two = RecallScore(RecallProblem(ids: prompt + wrong, answers: [30..<32, 33..<34]), by: model)
    #expect(two.exact == 0.5 && abs(two.tokens - 2.0 / 3) < 1e-12)
  }

  @Test func readingInSlicesIsReadingAtOnce() throws {
    let model = try TinyEvaluated.model([.discreteMamba2, .discreteMamba2])
    let ids: [Int32] = (0..<2600).map { Int32($0 * 31 % 397) }
    var sliced: [Double] = []
    withoutGradients {
      model.read(ids, model.engine.emptyState(), from: 1000) { logits, place in
        #expect(place == 1000 + sliced.count)
        sliced += logits.selected(1, 5).doubles()
      }
      let row = Tensor(ids.map(Int64.init), shape: [1, ids.count])
      let whole = model.engine.model(row).squeezed(0).narrowed(0, from: 1000, length: 1600).selected(1, 5).doubles()
      #expect(sliced.count == 1600)
      #expect(zip(sliced, whole).allSatisfy { abs($0 - $1) < 1e-4 })
    }
  }

  @Test func sizesThatDoNotFitAreLeftOutOrRefused() throws {
    let model = try TinyEvaluated.model([.discreteMamba2, .attention], maxLength: 100)
    var options = TaskOptions()
    options.limit = 4
    let tokens = try EvaluationTask.all(["copying_tokens"], options)[0].run(model).outcomes
    #expect(tokens.map(\.task) == ["copying_tokens_32"])
    #expect(tokens[0].judged == 4 && tokens[0].measures.map(\.name) == ["exact_match", "token_acc"])
    let pairs = try EvaluationTask.all(["mqar=4+8"], options)[0].run(model).outcomes
    #expect(pairs.map(\.task) == ["mqar_4", "mqar_8"] && pairs[1].measures[0].chance == 0.125)
    #expect(throws: MohawkError.self) { try EvaluationTask.all(["copying_tokens=128"], options)[0].run(model) }
    #expect(throws: MohawkError.self) { try EvaluationTask.all(["needle"], options)[0].run(model) }
    let long = try TinyEvaluated.model([.discreteMamba2, .discreteMamba2], maxLength: 100)
    let outcome = try EvaluationTask.all(["needle_tokens=1500"], options)[0].run(long).outcomes[0]
    #expect(outcome.tokens == 4 * 1499)
  }

  @Test func aBookOfMoreNamesThanThereAreIsRefused() throws {
    let model = try TinyEvaluated.model([.discreteMamba2])
    #expect(throws: MohawkError.self) { try EvaluationTask.all(["phonebook=2000"])[0].run(model) }
    #expect(throws: MohawkError.self) { try EvaluationTask.all(["mqar=300"])[0].run(model) }
    #expect(throws: MohawkError.self) { try EvaluationTask.all(["needle=10"])[0].run(model) }
  }
}
