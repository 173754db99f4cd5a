import Foundation
import MohawkDecoding
import MohawkFiles
import MohawkModels
import MohawkTensor
import MohawkText
import Testing

@testable import MohawkServing

@Suite struct SpeculativeTests {
  static let tokenizer = TextGeneratorTests.tokenizer

  /// Drafts of every quality for a model.
  enum Quality: CaseIterable { case same, near, firstLayer, other, narrow }

  private func draft(_ quality: Quality, of model: Decoder, _ kind: ModelKind) -> Decoder {
    switch quality {
    case .same: model
    case .near: ModelKind.noisy(kind.model(maxLength: 128), 0.02, seed: 77)
    case .firstLayer: model.firstLayers(1)
    case .other: ModelKind.phiMamba.model(vocabulary: 300, maxLength: 128, seed: 40)
    case .narrow: ModelKind.windowed.model(maxLength: 40, seed: 41, width: 48)
    }
  }

  private func greedy() -> SamplingOptions {
    var options = SamplingOptions()
    options.temperature = 0
    return options
  }

  @Test(arguments: ModelKind.allCases) func greedyTokensArePlainDecodings(_ kind: ModelKind) throws {
    let model = kind.model(maxLength: 128)
    let engine = DecodingEngine(model)
    let plain = try TextGenerator(engine, Self.tokenizer)
    var random = SeededGenerator(seed: 8)
    for quality in Quality.allCases {
      let proposer = DecodingEngine(draft(quality, of: model, kind))
      for longest in [1, 2, 3, 6] {
        let speculative = try TextGenerator(
          engine, Self.tokenizer, draft: SpeculativeDraft(proposer, longest: longest))
        let ids = (0..<(1 + random.next(below: 30))).map { _ in Int32(random.next(below: 300)) }
        let limit = 1 + random.next(below: 40)
        let (one, other) = (plain.conversation(ids), speculative.conversation(ids))
        let wanted = try plain.generate(continuing: one, limit: limit, options: greedy())
        let found = try speculative.generate(continuing: other, limit: limit, options: greedy())
        #expect(found.tokens == wanted.tokens && found.text == wanted.text && found.finish == wanted.finish)
        #expect(found.accepted <= found.proposed && other.ids == one.ids)
        if quality == .same { #expect(found.accepted == found.proposed) }
        // The conversations go on alike.
        for conversation in [one, other] { conversation.append([5, 6, 7]) }
        let more = try plain.generate(continuing: one, limit: 6, options: greedy())
        #expect(try speculative.generate(continuing: other, limit: 6, options: greedy()).tokens == more.tokens)
      }
    }
  }

  /// Why greedy texts cannot part by rounding.
  /// But where libtorch decodes: several tokens at once are rounded in another order there.
  @Test(arguments: ModelKind.allCases.filter { ![.gatedDeltaNet, .keptHeads].contains($0) })
  func verificationIsSteppingBitForBit(
    _ kind: ModelKind
  ) {
    let engine = DecodingEngine(kind.model(maxLength: 128))
    let ids = (0..<30).map { Int32($0 * 17 % 300) }
    for accepted in 0...6 {
      let (one, other) = (engine.emptyState(), engine.emptyState())
      for state in [one, other] { _ = engine.read(Array(ids.prefix(20)), state, logits: 0) }
      let verified = engine.verify(Array(ids[20..<26]), one).copy()
      for offset in 0..<6 {
        if offset == accepted { break }
        let step = engine.step([ids[20 + offset]], [other])
        #expect(step.isIdentical(to: verified.narrowed(0, from: offset, length: 1)))
      }
      engine.commit(accepted, one)
      for (one, other) in zip(one.tensors, other.tensors) {
        #expect(one.tensor.isIdentical(to: other.tensor), "\(one.name) after \(accepted)")
      }
    }
  }

  @Test func aDraftThatIsWrongIsAskedForLess() throws {
    let engine = DecodingEngine(ModelKind.hybrid.endless())
    func proposals(_ proposer: Decoder) throws -> (proposed: Int, accepted: Int) {
      let draft = SpeculativeDraft(DecodingEngine(proposer), longest: 8)
      let found = try TextGenerator(engine, Self.tokenizer, draft: draft)
        .generate(TextGeneratorTests.prompt, limit: 60, options: greedy())
      return (found.proposed, found.accepted)
    }
    // Eight at a time as long as all are right: the last pass has room for fewer.
    let right = try proposals(ModelKind.hybrid.endless())
    #expect(right.proposed == right.accepted && right.accepted == 59 - (59 + 8) / 9)
    // Eight, seven, … and then one at a time.
    let wrong = try proposals(ModelKind.mamba.model(maxLength: 128, seed: 90))
    #expect(wrong.accepted < 10 && wrong.proposed < 8 * 9 / 2 + 60)
  }

  @Test func penaltiesCountProposalsToo() throws {
    let model = ModelKind.hybrid.model(maxLength: 128)
    let engine = DecodingEngine(model)
    var options = greedy()
    options.repetitionPenalty = 1.7
    for quality in [Quality.same, .near] {
      let proposer = SpeculativeDraft(DecodingEngine(draft(quality, of: model, .hybrid)), longest: 5)
      let found = try TextGenerator(engine, Self.tokenizer, draft: proposer)
        .generate(TextGeneratorTests.prompt, limit: 40, options: options)
      let wanted = try TextGenerator(engine, Self.tokenizer)
        .generate(TextGeneratorTests.prompt, limit: 40, options: options)
      #expect(found.tokens == wanted.tokens && found.accepted > 10)
    }
  }

  @Test(arguments: [ModelKind.phi, .hybrid]) func itEndsWhereTheModelsPlacesEnd(_ kind: ModelKind) throws {
    let tokenizer = Self.tokenizer
    let model = kind.model(maxLength: 30)
    withoutGradients { model.parameters["lm_head.bias"]!.value.selected(0, Int(tokenizer.endOfText!)).fill(-1e3) }
    let engine = DecodingEngine(model)
    let wanted = try TextGenerator(engine, tokenizer).generate(TextGeneratorTests.prompt, limit: 99, options: greedy())
    for draftLength in [20, 30, 64] {
      let small = ModelKind.phi.model(maxLength: draftLength)
      for proposer in [small, model] {
        let draft = SpeculativeDraft(DecodingEngine(proposer), longest: 4)
        let found = try TextGenerator(engine, tokenizer, draft: draft)
          .generate(TextGeneratorTests.prompt, limit: 99, options: greedy())
        #expect(found.tokens == wanted.tokens && found.finish == .length)
      }
    }
  }

  @Test func endsAndStopsInsideProposalsCount() throws {
    let ids = Self.tokenizer.encode("abcd") + [Self.tokenizer.endOfText!]
    let engine = DecodingEngine(parrot(ids))
    let draft = SpeculativeDraft(DecodingEngine(parrot(ids)), longest: 8)
    let generator = try TextGenerator(engine, Self.tokenizer, draft: draft)
    let ended = try generator.generate("x", limit: 50, options: greedy())
    #expect(ended.text == "abcd" && ended.finish == .stop && ended.tokens == Array(ids.dropLast()))
    let stopped = try generator.generate("x", limit: 50, options: greedy(), stops: ["bc"])
    #expect(stopped.text == "a" && stopped.finish == .stop)
    var pieces = 0
    let conversation = generator.conversation(Self.tokenizer.encode("x"))
    let cancelled = try generator.generate(continuing: conversation, limit: 50, options: greedy()) { _ in
      pieces += 1
      return pieces < 2
    }
    #expect(cancelled.finish == .cancelled && cancelled.tokens.count == 2)
    // What was looked at beyond the end is not part of the conversation.
    #expect(conversation.ids.count == 3 && conversation.state.position == 2)
    let rest = try generator.generate(continuing: conversation, limit: 50, options: greedy())
    #expect(rest.text == "cd")
  }

  @Test func aDraftOfAnotherVocabularyIsRefused() {
    let draft = SpeculativeDraft(DecodingEngine(ModelKind.phi.model(vocabulary: 299)))
    let error = #expect(throws: MohawkError.self) {
      try TextGenerator(DecodingEngine(ModelKind.phi.model()), Self.tokenizer, draft: draft)
    }
    #expect(error?.code == .mismatch && error?.message.contains("the draft 299 rows") == true)
  }

  @Test func theFirstLayersShareWeightsAndAreAModel() {
    let model = ModelKind.hybrid.model()
    let part = model.firstLayers(2)
    #expect(part.configuration.mixers == [.discreteMamba2, .attention] && part.blocks.count == 2)
    let ids = Tensor((0..<9).map { Int64($0) }, shape: [1, 9])
    var hidden = model.embed(ids)
    for block in model.blocks.prefix(2) { hidden = block(hidden) }
    #expect(part(ids).isIdentical(to: model.head(model.normalise(hidden))))
    for parameter in part.parameters.all { #expect(parameter.value === model.parameters[parameter.name]!.value) }
    #expect(model.firstLayers(3)(ids).isIdentical(to: model(ids)))
  }
}
