import Foundation
import MohawkDecoding
import MohawkFiles
import MohawkModels
import MohawkText
import Testing

@testable import MohawkServing

@Suite struct ChatSessionTests {
  static let tokenizer: Tokenizer = {
    var trainer = BytePairTrainer(specialTokens: ["<|endoftext|>", "<|im_start|>", "<|im_end|>"])
    for index in 0..<40 { trainer.add(StoryGenerator(seed: 1).story(at: index)) }
    return try! trainer.train(vocabularySize: 300)
  }()

  static let chatML = """
    {%- for message in messages -%}
    {{ '<|im_start|>' + message.role + '\\n' + message.content + '<|im_end|>\\n' }}
    {%- endfor -%}
    {%- if add_generation_prompt -%}{{ '<|im_start|>assistant\\n' }}{%- endif -%}
    """

  /// A template that does not show earlier answers as they were said.
  static let rewriting = """
    {%- for message in messages -%}
    {%- if message.role == 'assistant' -%}<|im_start|>assistant said something<|im_end|>
    {%- else -%}{{ '<|im_start|>' + message.role + '\\n' + message.content + '<|im_end|>\\n' }}{%- endif -%}
    {%- endfor -%}<|im_start|>assistant
    """

  private func session(
    _ kind: ModelKind, _ template: String = chatML, cache: PrefixCache? = nil, maxLength: Int = 1024,
    system: String? = nil
  ) throws -> ChatSession {
    let model = kind.model(maxLength: maxLength)
    let generator = try TextGenerator(DecodingEngine(model), Self.tokenizer, cache: cache)
    return ChatSession(generator, try ChatTemplate(template, location: "test"), system: system)
  }

  private func options() -> SamplingOptions {
    var options = SamplingOptions()
    options.temperature = 0
    return options
  }

  @Test(arguments: [ModelKind.hybrid, .phiMamba, .windowed, .besideWindow, .keptHeads]) func onlyWhatIsNewIsRead(
    _ kind: ModelKind
  )
    throws
  {
    let chat = try session(kind, system: "Be brief.")
    let first = try chat.send("One day Tom found a ball.", limit: 12, options: options())
    let tokens = chat.tokenCount
    #expect(first.promptTokens + first.tokens.count == tokens)
    let second = try chat.send("And then?", limit: 12, options: options())
    // The answer's last token, the end of the message, and the new one.
    let added = Self.tokenizer.encode("<|im_end|>\n<|im_start|>user\nAnd then?<|im_end|>\n<|im_start|>assistant\n")
    #expect((added.count...added.count + 1).contains(second.promptTokens))
    #expect(chat.messages.map(\.role) == ["user", "assistant", "user", "assistant"])
    #expect(chat.messages[1].content == first.text && chat.messages[3].content == second.text)
    #expect(chat.tokenCount == tokens + added.count + second.tokens.count)
  }

  @Test func anAnswerIsThatOfTheWholeText() throws {
    let chat = try session(.hybrid)
    let first = try chat.send("One day", limit: 12, options: options())
    let second = try chat.send("And then?", limit: 12, options: options())
    let prompt = Self.tokenizer.encode("<|im_start|>user\nOne day<|im_end|>\n<|im_start|>assistant\n") + first.tokens
    let rest = Self.tokenizer.encode("<|im_end|>\n<|im_start|>user\nAnd then?<|im_end|>\n<|im_start|>assistant\n")
    let whole = chat.generator.conversation(prompt + rest)
    #expect(try chat.generator.generate(continuing: whole, limit: 12, options: options()).tokens == second.tokens)
  }

  @Test func whatATemplateRewritesIsReadFromTheLongestKnownBeginning() throws {
    let cache = PrefixCache(byteBudget: 1 << 24, every: 16)
    let chat = try session(.hybrid, Self.rewriting, cache: cache)
    let slow = try session(.hybrid, Self.rewriting)
    for (turn, words) in ["One day Tom found a red ball.", "He gave it to Sue.", "And then?"].enumerated() {
      let (one, other) = (
        try chat.send(words, limit: 10, options: options()), try slow.send(words, limit: 10, options: options())
      )
      #expect(one.tokens == other.tokens)
      #expect(turn == 0 ? one.promptTokens == other.promptTokens : one.promptTokens < other.promptTokens)
    }
  }

  @Test func resetBeginsAnew() throws {
    let chat = try session(.phiMamba, system: "Be brief.")
    let first = try chat.send("One day", limit: 8, options: options())
    _ = try chat.send("And then?", limit: 8, options: options())
    chat.reset()
    #expect(chat.messages.isEmpty && chat.tokenCount == 0 && chat.system == "Be brief.")
    let again = try chat.send("One day", limit: 8, options: options())
    #expect(again.tokens == first.tokens && again.promptTokens == first.promptTokens)
  }

  @Test func theSystemMessageMayChange() throws {
    let chat = try session(.phiMamba)
    let plain = try chat.send("One day", limit: 8, options: options())
    chat.reset()
    chat.system = "Tell a story about a red ball."
    let told = try chat.send("One day", limit: 8, options: options())
    #expect(told.promptTokens > plain.promptTokens)
  }

  @Test func aCancelledAnswerIsPartOfTheConversation() throws {
    let chat = try session(.hybrid)
    var pieces = 0
    let result = try chat.send("One day", limit: 40, options: options()) { _ in
      pieces += 1
      return pieces < 4
    }
    #expect(result.finish == .cancelled && chat.messages.last?.content == result.text && !result.text.isEmpty)
    let next = try chat.send("Go on.", limit: 8, options: options())
    #expect(next.promptTokens < 40)
  }

  @Test func aMessageWithoutRoomIsRefusedAndForgotten() throws {
    let chat = try session(.hybrid, maxLength: 64)
    _ = try chat.send("One day", limit: 4, options: options())
    let error = #expect(throws: MohawkError.self) {
      try chat.send(String(repeating: "One day Tom found a ball. ", count: 20), limit: 4, options: options())
    }
    #expect(error?.code == .outOfRange && chat.messages.count == 2)
    let next = try chat.send("And?", limit: 4, options: options())
    #expect(!next.tokens.isEmpty && chat.messages.count == 4)
  }

  @Test func aTemplatesRefusalChangesNothing() throws {
    let chat = try session(.phiMamba, "{{ raise_exception('no system here') if messages[0].role == 'system' }}x")
    _ = try chat.send("One day", limit: 4, options: options())
    chat.system = "Be brief."
    let error = #expect(throws: MohawkError.self) { try chat.send("And?", limit: 4, options: options()) }
    #expect(error?.message.contains("no system here") == true && chat.messages.count == 2)
  }

  @Test(arguments: [ModelKind.hybrid, .mamba]) func aSavedConversationGoesOn(_ kind: ModelKind) throws {
    let folder = try TemporaryFolder()
    let chat = try session(kind, system: "Be brief.")
    _ = try chat.send("One day Tom said \"ü\\n\"", limit: 10, options: options())
    try chat.save(to: folder.path + "/talk")
    let other = try session(kind)
    _ = try other.send("Something else", limit: 3, options: options())
    try other.load(folder.path + "/talk")
    #expect(other.messages == chat.messages && other.system == "Be brief." && other.tokenCount == chat.tokenCount)
    let (one, two) = (
      try chat.send("And then?", limit: 10, options: options()),
      try other.send("And then?", limit: 10, options: options())
    )
    #expect(one.tokens == two.tokens && one.promptTokens == two.promptTokens)
  }

  @Test func aStateWithoutMessagesIsRefused() throws {
    let folder = try TemporaryFolder()
    let chat = try session(.phiMamba)
    let talk = chat.generator.conversation([1, 2, 3])
    try StateFile.write(talk, of: chat.generator.engine, to: folder.path + "/text")
    try StateFile.write(talk, of: chat.generator.engine, note: "{}", to: folder.path + "/damaged")
    _ = try chat.send("One day", limit: 3, options: options())
    for (name, part) in [("text", "no messages"), ("damaged", "damaged")] {
      let error = #expect(throws: MohawkError.self) { try chat.load(folder.path + "/" + name) }
      #expect(error?.message.contains(part) == true && chat.messages.count == 2)
    }
  }
}
