import MohawkDecoding
import MohawkFiles
import MohawkModels
import MohawkText
import Testing

@testable import MohawkServing

@Suite struct TextEndTests {
  @Test func aTextEndsAtAnyOfTheModelsEnds() throws {
    let tokenizer = TextGeneratorTests.tokenizer
    let ids = tokenizer.encode("wxyz")
    #expect(ids.count == 4)
    var options = SamplingOptions()
    options.temperature = 0
    let endless = try TextGenerator(DecodingEngine(parrot(ids)), tokenizer)
    #expect(try endless.generate("q", limit: 12, options: options).text == "wxyzwxyzwxyz")
    let given = try TextGenerator(DecodingEngine(parrot(ids)), tokenizer, ends: [7, ids[2]])
    let result = try given.generate("q", limit: 12, options: options)
    #expect(result.text == "wx" && result.finish == .stop && result.tokens == Array(ids.prefix(2)))
    #expect(given.ends == [7, ids[2], tokenizer.endOfText!])
    let configured = try TextGenerator(DecodingEngine(parrot(ids, ends: [5, Int(ids[1])])), tokenizer)
    #expect(try configured.generate("q", limit: 12, options: options).text == "w")
  }

  @Test func endsStandInTheGenerationConfig() throws {
    let folder = try TemporaryFolder()
    #expect(try Prompt.ends(inFolder: folder.path) == [])
    for (text, ends) in [
      (#"{"eos_token_id": 5}"#, [5]), (#"{"eos_token_id": [5, 7]}"#, [5, 7]), (#"{"eos_token_id": null}"#, []),
      ("{}", []), (#"{"eos_token_id": [-1, 1.5, "x", 1e99, 3]}"#, [3]),
    ] as [(String, [Int32])] {
      try folder.write("generation_config.json", text)
      #expect(try Prompt.ends(inFolder: folder.path) == ends, "\(text)")
    }
    for text in ["[]", "{", ""] {
      try folder.write("generation_config.json", text)
      let error = #expect(throws: MohawkError.self) { try Prompt.ends(inFolder: folder.path) }
      #expect(error?.code == .invalidFormat)
    }
  }

  @Test func theSpeedIsTold() throws {
    let tokenizer = TextGeneratorTests.tokenizer
    var options = SamplingOptions()
    options.temperature = 0
    let generator = try TextGenerator(DecodingEngine(parrot(tokenizer.encode("abc"))), tokenizer)
    let result = try generator.generate("One day", limit: 20, options: options)
    #expect(result.promptTokens == tokenizer.encode("One day").count && result.proposed == 0)
    #expect(result.secondsToFirstToken! > 0 && result.tokensPerSecond! > 1)
    #expect(try generator.generate("One day", limit: 0, options: options).secondsToFirstToken == nil)
    #expect(try generator.generate("One day", limit: 1, options: options).tokensPerSecond == nil)
  }

  @Test func aConversationThatWasReadNeedsAPrompt() throws {
    let engine = DecodingEngine(ModelKind.hybrid.model())
    let generator = try TextGenerator(engine, TextGeneratorTests.tokenizer)
    let talk = Conversation([1, 2], engine.emptyState())
    _ = engine.read([1, 2], talk.state)
    let error = #expect(throws: MohawkError.self) {
      try generator.generate(continuing: talk, limit: 1, options: SamplingOptions())
    }
    #expect(error?.code == .invalidValue && error?.message.contains("nothing to continue") == true)
  }
}
