import Foundation
import MohawkDecoding
import MohawkFiles
import MohawkLayers
import MohawkMixers
import MohawkModels
import MohawkTensor
import MohawkText
import Testing

@testable import MohawkServing

@Suite struct TextGeneratorTests {
  static let tokenizer: Tokenizer = {
    var trainer = BytePairTrainer()
    for index in 0..<40 { trainer.add(StoryGenerator(seed: 1).story(at: index)) }
    return try! trainer.train(vocabularySize: 300)
  }()

  static let prompt = "One day Tom found a red ball."

  private func greedy(_ change: (inout SamplingOptions) -> Void = { _ in }) -> SamplingOptions {
    var options = SamplingOptions()
    options.temperature = 0
    change(&options)
    return options
  }

  /// The continuation from full passes over all that there is so far.
  private func obvious(_ model: Decoder, _ prompt: [Int32], _ count: Int, _ tokenizer: Tokenizer) -> [Int32] {
    var ids = prompt
    while ids.count - prompt.count < count {
      let logits = model(Tensor(ids.map(Int64.init), shape: [1, ids.count])).selected(1, ids.count - 1)
      let row = logits.floats().prefix(Int(tokenizer.highestID) + 1)
      let next = Int32(row.firstIndex(of: row.max()!)!)
      if next == tokenizer.endOfText { break }
      ids.append(next)
    }
    return Array(ids.dropFirst(prompt.count))
  }

  @Test(arguments: ModelKind.allCases) func greedyTokensAreThoseOfFullPasses(_ kind: ModelKind) throws {
    let (model, tokenizer) = (kind.model(), Self.tokenizer)
    let result = try TextGenerator(DecodingEngine(model), tokenizer).generate(Self.prompt, limit: 24, options: greedy())
    let wanted = obvious(model, tokenizer.encode(Self.prompt), 24, tokenizer)
    #expect(result.tokens == wanted && Set(wanted).count > 1)
    #expect(result.text == (try tokenizer.decode(wanted, skippingSpecial: true)))
    #expect(result.finish == (wanted.count == 24 ? .length : .stop))
  }

  @Test func paddingRowsAreNeverChosen() throws {
    let model = ModelKind.phiMamba.model()
    withoutGradients { model.parameters["lm_head.bias"]!.value.narrowed(0, from: 300, length: 20).fill(100) }
    let result = try TextGenerator(DecodingEngine(model), Self.tokenizer).generate(
      Self.prompt, limit: 10, options: greedy())
    #expect(result.tokens.allSatisfy { $0 < 300 } && !result.tokens.isEmpty)
  }

  @Test(arguments: [Int?.none, 1, 4]) func tokensAreScoredByTheModelsOwnProbabilities(_ draftLength: Int?) throws {
    let (model, tokenizer) = (ModelKind.hybrid.endless(), Self.tokenizer)
    let draft = draftLength.map { SpeculativeDraft(DecodingEngine(model.firstLayers(1)), longest: $0) }
    let generator = try TextGenerator(DecodingEngine(model), tokenizer, draft: draft)
    var options = greedy()
    (options.repetitionPenalty, options.logitBias) = (1.3, [4: 2])
    let conversation = generator.conversation(tokenizer.encode(Self.prompt))
    let result = try generator.generate(continuing: conversation, limit: 12, options: options, alternatives: 3)
    #expect(result.scores.map(\.id) == result.tokens && result.tokens.count == 12)
    let ids = conversation.ids
    let all = withoutGradients {
      model(Tensor(ids.map(Int64.init), shape: [1, ids.count])).squeezed(0).logSoftmax(-1)
    }
    for (index, score) in result.scores.enumerated() {
      let wanted = all.selected(0, ids.count - 12 + index - 1).floats()
      #expect(abs(score.logprob! - wanted[Int(score.id)]) < 1e-4)
      let best = wanted.sorted(by: >).prefix(3)
      #expect(zip(score.top, best).allSatisfy { abs($0.logprob - $1) < 1e-4 } && score.top.count == 3)
    }
    let plain = try generator.generate(Self.prompt, limit: 4, options: options)
    #expect(plain.scores.isEmpty)
  }

  @Test func theTokenThatEndsATextIsScoredToo() throws {
    let ids = Self.tokenizer.encode("ab") + [Self.tokenizer.endOfText!]
    let generator = try TextGenerator(DecodingEngine(parrot(ids)), Self.tokenizer)
    let conversation = generator.conversation(Self.tokenizer.encode("x"))
    let result = try generator.generate(continuing: conversation, limit: 9, options: greedy(), alternatives: 0)
    #expect(result.scores.map(\.id) == ids && result.tokens == Array(ids.dropLast()))
    #expect(result.scores.allSatisfy { $0.top.isEmpty && $0.logprob! <= 0 })
  }

  @Test func gapsBetweenIDsAreNeverChosen() throws {
    // The last merge's token moves away from the others.
    let text = try Self.json(Self.tokenizer).replacingOccurrences(of: #":299,"#, with: ":310,")
      .replacingOccurrences(of: ":299}", with: ":310}")
    let tokenizer = try Tokenizer(json: Array(text.utf8))
    #expect(tokenizer.highestID == 310 && tokenizer.token(305) == nil)
    let model = ModelKind.phiMamba.model()
    withoutGradients { model.parameters["lm_head.bias"]!.value.narrowed(0, from: 299, length: 11).fill(100) }
    let result = try TextGenerator(DecodingEngine(model), tokenizer).generate(Self.prompt, limit: 10, options: greedy())
    #expect(result.tokens.allSatisfy { $0 < 299 || $0 == 310 })
  }

  private static func json(_ tokenizer: Tokenizer) throws -> String {
    let folder = try TemporaryFolder()
    try tokenizer.write(to: folder.path + "/tokenizer.json")
    let data = try Data(contentsOf: URL(fileURLWithPath: folder.path + "/tokenizer.json"))
    let object = try JSONSerialization.jsonObject(with: data)
    return String(decoding: try JSONSerialization.data(withJSONObject: object), as: UTF8.self)
  }

  @Test func noNewTokensAreNoText() throws {
    let result = try TextGenerator(DecodingEngine(ModelKind.hybrid.model()), Self.tokenizer)
      .generate(Self.prompt, limit: 0, options: greedy())
    #expect(result.tokens.isEmpty && result.text.isEmpty && result.finish == .length)
  }

  @Test func anEmptyPromptBeginsWithEndOfText() throws {
    let (model, tokenizer) = (ModelKind.phi.model(), Self.tokenizer)
    let result = try TextGenerator(DecodingEngine(model), tokenizer).generate("", limit: 8, options: greedy())
    #expect(result.tokens == obvious(model, [tokenizer.endOfText!], 8, tokenizer))
  }

  @Test func anEmptyPromptNeedsATokenToBeginWith() throws {
    var trainer = BytePairTrainer(specialTokens: [])
    trainer.add("some words, some more words")
    let tokenizer = try trainer.train(vocabularySize: 260)
    let generator = try TextGenerator(DecodingEngine(ModelKind.phi.model()), tokenizer)
    let error = #expect(throws: MohawkError.self) { try generator.generate("", limit: 8, options: greedy()) }
    #expect(error?.code == .invalidValue)
  }

  @Test(arguments: [ModelKind.phi, .hybrid, .keptHeads]) func aPromptThatIsTooLongForAttentionIsRefused(
    _ kind: ModelKind
  ) throws {
    let generator = try TextGenerator(DecodingEngine(kind.model(maxLength: 12)), Self.tokenizer)
    let long = String(repeating: Self.prompt, count: 3)
    let error = #expect(throws: MohawkError.self) { try generator.generate(long, limit: 1, options: greedy()) }
    #expect(error?.code == .outOfRange && error?.message.contains("12 at most") == true)
  }

  @Test func aStateSpaceModelHasNoLongestPrompt() throws {
    let generator = try TextGenerator(DecodingEngine(ModelKind.phiMamba.model(maxLength: 12)), Self.tokenizer)
    let long = String(repeating: Self.prompt, count: 20)
    #expect(try generator.generate(long, limit: 3, options: greedy()).tokens.count <= 3)
  }

  @Test(arguments: [ModelKind.phi, .hybrid, .keptHeads]) func generationEndsWhereAttentionEnds(_ kind: ModelKind) throws
  {
    let tokenizer = Self.tokenizer
    let model = kind.model(maxLength: 20)
    withoutGradients { model.parameters["lm_head.bias"]!.value[Int(tokenizer.endOfText!)] = -1e3 }
    let prompt = tokenizer.encode(Self.prompt)
    let result = try TextGenerator(DecodingEngine(model), tokenizer).generate(Self.prompt, limit: 99, options: greedy())
    // The token after the last position is still told.
    #expect(result.finish == .length && result.tokens.count == 20 - prompt.count + 1)
  }

  @Test func aTokenizerThatDoesNotFitIsRefused() {
    let error = #expect(throws: MohawkError.self) {
      try TextGenerator(DecodingEngine(ModelKind.phi.model(vocabulary: 299)), Self.tokenizer)
    }
    #expect(error?.code == .mismatch && error?.message == "the tokenizer has ids up to 299, the model 299 rows")
  }

  @Test func logitsThatAreNotFiniteAreRefused() throws {
    let model = ModelKind.phiMamba.model()
    withoutGradients { model.parameters["lm_head.bias"]!.value[3] = .nan }
    let generator = try TextGenerator(DecodingEngine(model), Self.tokenizer)
    let error = #expect(throws: MohawkError.self) { try generator.generate("a", limit: 2, options: greedy()) }
    #expect(error?.code == .notFinite)
  }

  @Test func piecesPutTogetherAreTheText() throws {
    let generator = try TextGenerator(DecodingEngine(ModelKind.hybrid.model()), Self.tokenizer)
    for seed in UInt64(0)..<12 {
      var pieces: [String] = []
      let options = greedy {
        $0.temperature = 1.5
        $0.seed = seed
      }
      let result = try generator.generate("A", limit: 40, options: options, stops: ["e"]) {
        pieces.append($0)
        return true
      }
      #expect(pieces.joined() == result.text && !pieces.contains(""))
      #expect(!result.text.contains("e"))
      let again = try generator.generate("A", limit: 40, options: options, stops: ["e"])
      #expect(again.tokens == result.tokens)
    }
  }

  @Test func charactersComeOutWhole() throws {
    // A model that says one byte after another, whatever came before: "é€😀" again and again, then half a character.
    let tokenizer = Self.tokenizer
    let bytes = Array("é€😀".utf8)
    let ids = bytes.map { tokenizer.encode([$0])[0] }
    let generator = try TextGenerator(DecodingEngine(parrot(ids)), tokenizer)
    for limit in 0...14 {
      var pieces: [String] = []
      let result = try generator.generate("a", limit: limit, options: greedy()) {
        pieces.append($0)
        return true
      }
      let said = (0..<limit).map { bytes[$0 % bytes.count] }
      #expect(Array(result.text.utf8) == Array(String(decoding: said, as: UTF8.self).utf8))
      #expect(pieces.joined() == result.text)
      // Only the very last piece may show that a character was never finished.
      #expect(!pieces.dropLast().joined().contains("\u{FFFD}"))
    }
  }

  @Test func endOfTextEndsTheText() throws {
    let tokenizer = Self.tokenizer
    let ids = tokenizer.encode("ab") + [tokenizer.endOfText!]
    let generator = try TextGenerator(DecodingEngine(parrot(ids)), tokenizer)
    let result = try generator.generate("x", limit: 50, options: greedy())
    #expect(result.text == "ab" && result.finish == .stop && result.tokens == Array(ids.dropLast()))
  }

  @Test func theListenerCanCancel() throws {
    let generator = try TextGenerator(DecodingEngine(parrot(Self.tokenizer.encode("abc"))), Self.tokenizer)
    var pieces = 0
    let result = try generator.generate("x", limit: 50, options: greedy()) { _ in
      pieces += 1
      return pieces < 3
    }
    #expect(result.finish == .cancelled && result.tokens.count == 3)
  }

  @Test func aPromptsTokensCountForTheRepetitionPenalty() throws {
    let tokenizer = Self.tokenizer
    let id = tokenizer.encode("q")[0]
    let model = parrot([id])
    let options = greedy { $0.repetitionPenalty = 1e6 }
    let generator = try TextGenerator(DecodingEngine(model), tokenizer)
    #expect(try generator.generate("z", limit: 1, options: options).tokens == [id])
    #expect(try generator.generate("q", limit: 1, options: options).tokens != [id])
  }
}

/// A model that says these tokens in turn, again and again, and begins with the first after any other token.
func parrot(_ ids: [Int32], vocabulary: Int = 300, ends: [Int] = []) -> Decoder {
  let model = ModelKind.phi.model(vocabulary: vocabulary, ends: ends)
  withoutGradients {
    for parameter in model.parameters.all where parameter.name != "final_norm.weight" { parameter.value.fill(0) }
    model.parameters["final_norm.weight"]!.value.fill(1)
    model.parameters["lm_head.bias"]!.value.fill(1)
    // Without what blocks add, the stream is the embedding: one number that tells the token's place in the turn.
    let (embedding, head) = (
      model.parameters["embedding.weight"]!.value, model.parameters["lm_head.weight"]!.value
    )
    embedding.narrowed(1, from: 0, length: 1).fill(1)
    for (place, id) in ids.enumerated() {
      embedding.selected(0, Int(id)).fill(0)
      let next = (place + 1) % ids.count
      embedding.selected(0, Int(id)).selected(0, next).fill(1)
      head.selected(0, Int(ids[next])).selected(0, next).fill(10)
    }
  }
  return model
}

extension Tensor {
  fileprivate subscript(index: Int) -> Double {
    get { selected(0, index).item() }
    set { selected(0, index).fill(newValue) }
  }
}
