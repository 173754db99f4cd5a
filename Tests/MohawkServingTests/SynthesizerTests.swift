import MohawkDecoding
import MohawkFiles
import MohawkModels
import MohawkTensor
import MohawkText
import Testing

@testable import MohawkServing

@Suite struct SynthesizerTests {
  static let tokenizer = TextGeneratorTests.tokenizer

  static let prompts = ["One day Tom", "The red ball was", "M", "Anna gave"].map {
    SynthesisPrompt(ids: tokenizer.encode($0), text: $0)
  }

  private func sampling(_ change: (inout SamplingOptions) -> Void = { _ in }) -> SamplingOptions {
    var options = SamplingOptions()
    (options.temperature, options.topP, options.seed) = (1, 0.95, 5)
    change(&options)
    return options
  }

  /// Documents in the order of `indices`, so many at a time.
  private func documents(
    _ model: Decoder, _ indices: [Int], capacity: Int, length: Int = 20, _ options: SamplingOptions? = nil
  ) throws -> [Int: SynthesizedDocument] {
    let synthesizer = try Synthesizer(
      DecodingEngine(model), Self.tokenizer, options: options ?? sampling(), length: length, capacity: capacity)
    var waiting = indices[...]
    var done: [Int: SynthesizedDocument] = [:]
    while done.count < indices.count {
      while synthesizer.hasRoom, let index = waiting.popFirst() {
        try synthesizer.begin(index, Self.prompts[index % Self.prompts.count])
      }
      for document in try synthesizer.step() { done[document.index] = document }
    }
    #expect(synthesizer.openCount == 0)
    return done
  }

  @Test(arguments: ModelKind.allCases)
  func aDocumentDependsNeitherOnTheBatchNorOnItsPlaceInIt(_ kind: ModelKind) throws {
    let model = kind.model()
    let order = Array(0..<12)
    let alone = try documents(model, order, capacity: 1)
    #expect(Set(alone.values.map(\.written)).count > 8)
    #expect(try documents(model, order, capacity: 5) == alone)
    #expect(try documents(model, order.reversed(), capacity: 7) == alone)
    #expect(try documents(model, order.filter { $0 % 3 == 1 }, capacity: 12).allSatisfy { alone[$0.key] == $0.value })
    Runtime.threads = 2
    defer { Runtime.threads = 1 }
    #expect(try documents(model, order, capacity: 12) == alone)
  }

  @Test func aDocumentIsWhatAGeneratorSaysWithItsSeed() throws {
    let model = ModelKind.hybrid.model()
    let found = try documents(model, Array(0..<6), capacity: 4)
    let generator = try TextGenerator(DecodingEngine(model), Self.tokenizer)
    for (index, document) in found {
      let prompt = Self.prompts[index % Self.prompts.count].text
      let wanted = try generator.generate(prompt, limit: 20, options: sampling { $0.seed = document.seed })
      #expect(document.written == wanted.text && document.text == prompt + wanted.text && document.prompt == prompt)
      #expect((document.finish == .stop) == (wanted.finish == .stop))
      #expect(document.tokens == wanted.tokens.count + (wanted.finish == .stop ? 1 : 0))
    }
    #expect(Set(found.values.map(\.seed)).count == 6)
  }

  @Test func otherSeedsGiveOtherDocuments() throws {
    let model = ModelKind.phi.model()
    let one = try documents(model, [0, 1, 2], capacity: 3)
    let other = try documents(model, [0, 1, 2], capacity: 3, sampling { $0.seed = 6 })
    #expect((0..<3).allSatisfy { one[$0]!.written != other[$0]!.written })
  }

  @Test func aDocumentEndsWhereTheModelHasNoFurtherPlace() throws {
    // Of 64 places the prompt has some; the last token that is drawn needs none.
    let model = ModelKind.phi.model()
    withoutGradients {
      model.parameters["lm_head.bias"]!.value.selected(0, Int(Self.tokenizer.endOfText!)).fill(-1e3)
    }
    let document = try documents(model, [0], capacity: 1, length: 500)[0]!
    #expect(document.finish == .length && document.tokens == 65 - Self.prompts[0].ids.count)
  }

  @Test func aPromptThatIsTooLongAndBrokenNumbersAreErrors() throws {
    let model = ModelKind.phi.model()
    let synthesizer = try Synthesizer(
      DecodingEngine(model), Self.tokenizer, options: sampling(), length: 5, capacity: 2)
    let long = SynthesisPrompt(ids: Array(repeating: 5, count: 65), text: "")
    #expect(throws: MohawkError.self) { try synthesizer.begin(0, long) }
    withoutGradients { model.parameters["lm_head.bias"]!.value.selected(0, 7).fill(.nan) }
    let broken = try Synthesizer(DecodingEngine(model), Self.tokenizer, options: sampling(), length: 5, capacity: 2)
    try broken.begin(0, Self.prompts[0])
    let error = #expect(throws: MohawkError.self) { try broken.step() }
    #expect(error?.code == .notFinite)
  }
}
