import Foundation
import MohawkFiles
import Testing

@testable import MohawkText

/// What the assistant writes in conversations, as bytes, as tokens, and in shards.
@Suite struct AnswerTests {
  let folder = try! TemporaryFolder()

  static let plain =
    "{% for m in messages %}<|{{ m.role }}|>\n{{ m.content }}<|end|>\n{% endfor %}{% if add_generation_prompt %}<|assistant|>\n{% endif %}"
  static let marked =
    "{% for m in messages %}<|{{ m.role }}|>\n{% if m.role == 'assistant' %}{% generation %}{{ m.content }}<|end|>{% endgeneration %}\n{% else %}{{ m.content }}<|end|>\n{% endif %}{% endfor %}"

  static let turns = [
    ChatMessage(role: "system", content: "Be kind."), ChatMessage(role: "user", content: "1 + 1?"),
    ChatMessage(role: "assistant", content: "Two, wie schön."), ChatMessage(role: "user", content: "Thanks"),
    ChatMessage(role: "assistant", content: ""), ChatMessage(role: "assistant", content: "Any time."),
  ]

  private func answers(_ template: String, _ messages: [ChatMessage] = turns) throws -> [String] {
    let (text, answers) = try ChatTemplate(template, location: "t").renderWithAnswers(messages: messages)
    #expect(text == (try ChatTemplate(template, location: "t").render(messages: messages, addGenerationPrompt: false)))
    return answers.map { String(decoding: Array(text.utf8)[$0], as: UTF8.self) }
  }

  @Test func generationBlocksAreTheAnswers() throws {
    #expect(try answers(Self.marked) == ["Two, wie schön.<|end|>", "<|end|>", "Any time.<|end|>"])
    #expect(try answers(Self.marked, Array(Self.turns.prefix(2))) == [])
    // Only where the template writes them: here not in the first turn.
    let some = Self.marked.replacingOccurrences(of: "'assistant'", with: "'assistant' and loop.index0 > 3")
    #expect(try answers(some) == ["<|end|>", "Any time.<|end|>"])
  }

  @Test func withoutBlocksAnAnswerIsWhatFollowsTheGenerationPrompt() throws {
    #expect(try answers(Self.plain) == ["Two, wie schön.<|end|>\n", "<|end|>\n", "Any time.<|end|>\n"])
    #expect(try answers(Self.plain, Array(Self.turns.prefix(2))) == [])
  }

  @Test(arguments: [
    // What is thought is dropped once more follows.
    "{% for m in messages %}<{{ m.role }}>{% if loop.last and m.role == 'assistant' %}<think>{% endif %}{{ m.content }}{% endfor %}{% if add_generation_prompt %}<assistant>{% endif %}",
    // The end of the text is not that of a turn.
    "{% for m in messages %}<{{ m.role }}>{{ m.content }}{% endfor %}{% if add_generation_prompt %}<assistant>{% else %}</s>{% endif %}",
    // The prompt is not how an answer begins.
    "{% for m in messages %}<{{ m.role }}>{{ m.content }}{% endfor %}{% if add_generation_prompt %}<assistant><think>{% endif %}",
    // The system's message moves to the last turn.
    "{% for m in messages %}{% if loop.last %}{{ messages[0].content }}{% endif %}<{{ m.role }}>{{ m.content }}{% endfor %}{% if add_generation_prompt %}<assistant>{% endif %}",
  ])
  func turnsThatAreWrittenOtherwiseLaterAreRefused(_ template: String) throws {
    let error = #expect(throws: MohawkError.self) { try answers(template) }
    #expect(error?.code == .unsupported && error?.message.contains("message") == true)
    #expect(error?.remedy?.contains("{% generation %}") == true)
  }

  @Test(arguments: [
    "{% macro a(m) %}{% generation %}{{ m.content }}{% endgeneration %}{% endmacro %}{% for m in messages %}{{ a(m) }}{% endfor %}",
    "{% for m in messages %}{% set x %}{% generation %}{{ m.content }}{% endgeneration %}{% endset %}{{ x }}{% endfor %}",
    "{% filter upper %}{% for m in messages %}{% generation %}{{ m.content }}{% endgeneration %}{% endfor %}{% endfilter %}",
  ])
  func blocksWithoutAPlaceInTheTextAreRefused(_ template: String) throws {
    let error = #expect(throws: MohawkError.self) { try answers(template) }
    #expect(error?.message.contains("macros, filters or set blocks") == true)
  }

  private func conversation(_ turns: [ChatMessage]) -> String {
    let list = turns.map { "{\"role\": \"\($0.role)\", \"content\": \"\($0.member("content")?.text ?? "")\"}" }
    return "{\"messages\": [\(list.joined(separator: ", "))]}\n"
  }

  private func shards(
    _ text: String, _ template: String = plain, tokensPerShard: Int = 1000, _ tokenizer: Tokenizer? = nil
  ) throws -> TokenShards {
    try folder.write("model/chat_template.jinja", template)
    let path = try folder.write("in.jsonl", text)
    try? FileManager.default.removeItem(atPath: folder.path + "/out")
    return try TokenShards.encode(
      try Corpus(paths: [path], CorpusOptions(chatFolder: folder.path + "/model", findsAnswers: true)),
      with: tokenizer ?? TokenizerGoldens.tokenizer, to: folder.path + "/out", tokensPerShard: tokensPerShard,
      lossOnAnswers: true)
  }

  /// The text of each run of tokens that count.
  private func counted(_ shards: TokenShards) throws -> [String] {
    let ids = shards.ids(in: 0..<shards.count)
    let mask = shards.lossMask(in: 0..<shards.count)
    #expect(shards.lossTokens == mask.count { $0 })
    var runs: [[Int32]] = []
    for (place, id) in ids.enumerated() where mask[place] {
      if place > 0, mask[place - 1] { runs[runs.count - 1].append(id) } else { runs.append([id]) }
    }
    return try runs.map { try TokenizerGoldens.tokenizer.decode($0[...], skippingSpecial: false) }
  }

  @Test(arguments: [1000, 7, 8, 1]) func shardsKeepWhichTokensAreAnswers(_ tokensPerShard: Int) throws {
    let text = conversation(Array(Self.turns.prefix(3))) + conversation([Self.turns[1], Self.turns[5]])
    let found = try shards(text, tokensPerShard: tokensPerShard)
    #expect(try counted(found) == ["Two, wie schön.<|end|>\n", "Any time.<|end|>\n"])
    let again = try TokenShards(path: folder.path + "/out")
    #expect(again.lossMask(in: 0..<again.count) == found.lossMask(in: 0..<found.count))
    #expect(again.lossMask(in: 5..<6) == [found.lossMask(in: 0..<found.count)[5]])
    // The ids are those of the text without a mask.
    let plain = try TokenShards.encode(
      try Corpus(paths: [folder.path + "/in.jsonl"], CorpusOptions(chatFolder: folder.path + "/model")),
      with: TokenizerGoldens.tokenizer, to: folder.path + "/plain")
    #expect(plain.ids(in: 0..<plain.count) == found.ids(in: 0..<found.count))
    #expect(plain.lossTokens == nil)
  }

  @Test func aTokenAcrossTheBorderOfAnAnswerBelongsToIt() throws {
    // "the mill" is one word after a space; here the answer begins inside of it.
    let template =
      "{% for m in messages %}{% if m.role == 'assistant' %}{% generation %}{{ m.content }}{% endgeneration %}{% else %}{{ m.content }}{% endif %}{% endfor %}"
    let turns =
      [ChatMessage(role: "user", content: "say th"), ChatMessage(role: "assistant", content: "e mi")]
      + [ChatMessage(role: "user", content: "ll and the river")]
    let found = try shards(conversation(turns), template)
    let tokens = found.ids(in: 0..<found.count).map {
      (try? TokenizerGoldens.tokenizer.decode([$0], skippingSpecial: false)) ?? ""
    }
    let mask = found.lossMask(in: 0..<found.count)
    var place = 0
    for (token, counts) in zip(tokens, mask) {
      let touches = place < 10 && place + token.count > 6
      #expect(counts == touches, "\(token) at \(place)")
      place += token.count
    }
    #expect(mask.contains(true) && tokens.joined().hasPrefix("say the mill and"))
  }

  @Test func textsWithoutAnswersAreRefusedByTheirLine() throws {
    for (text, place) in [
      (conversation(Self.turns) + "{\"text\": \"a tale\"}\n", "in.jsonl:2"), ("{\"text\": \"a tale\"}\n", "in.jsonl:1"),
    ] {
      let error = #expect(throws: MohawkError.self) { try shards(text) }
      #expect(error?.message.contains("no answers to learn from") == true && error?.location?.hasSuffix(place) == true)
    }
    #expect(!FileManager.default.fileExists(atPath: folder.path + "/out"))
  }

  @Test func aMaskThatIsMissingOrHasChangedIsRefused() throws {
    let found = try shards(conversation(Self.turns))
    try found.requireLossMask()
    let path = folder.path + "/out/tokens-00000.mask"
    let bytes = try Data(contentsOf: URL(fileURLWithPath: path))
    #expect(bytes.count == (found.count + 7) / 8)
    for place in [folder.path + "/out", folder.path + "/out/tokens-00000.bin"] {
      try Data(bytes.map { ~$0 }).write(to: URL(fileURLWithPath: path))
      #expect(throws: MohawkError.self) { try TokenShards(path: place) }
      try FileManager.default.removeItem(atPath: path)
      #expect(throws: MohawkError.self) { try TokenShards(path: place) }
      try bytes.write(to: URL(fileURLWithPath: path))
      #expect(try TokenShards(path: place).lossTokens == found.lossTokens)
    }
    // Without a list of the shards the side-car's count shows it.
    try FileManager.default.removeItem(atPath: folder.path + "/out/shards.json")
    try Data(bytes.map { ~$0 }).write(to: URL(fileURLWithPath: path))
    let error = #expect(throws: MohawkError.self) { try TokenShards(path: folder.path + "/out") }
    #expect(error?.location == path)
  }

  @Test func sequencesWithoutAnAnswerAreLeftOut() throws {
    let long = ChatMessage(role: "user", content: String(repeating: "the mill stands by the river. ", count: 20))
    let found = try shards(conversation([long, Self.turns[2], long, Self.turns[5], long]))
    let all = try TokenBatches(found, length: 8, seed: 3)
    let some = try TokenBatches(found, length: 8, seed: 3, lossOnAnswers: true)
    #expect(all.leftOut == 0 && some.leftOut > 0 && some.windows + some.leftOut == all.windows)
    var rows: Set<[Int32]> = []
    for sample in 0..<some.windows {
      let mask = some.lossMask(samples: sample..<sample + 1)
      #expect(mask.count == 8 && mask.contains(true))
      rows.insert(some.batch(samples: sample..<sample + 1))
    }
    // Each with an answer once, with its own mask.
    let wanted = (0..<all.windows).filter { found.lossMask(in: $0 * 8 + 1..<$0 * 8 + 9).contains(true) }
    #expect(rows == Set(wanted.map { found.ids(in: $0 * 8..<$0 * 8 + 9) }))
    let none = try shards(conversation([long]))
    #expect(throws: MohawkError.self) { try TokenBatches(none, length: 8, seed: 3, lossOnAnswers: true) }
  }

  @Test func whatATokenizerPutsBeforeTextsShiftsTheMask() throws {
    let path = try folder.write(
      "tokenizer/tokenizer.json", String(decoding: TokenizerGoldens.tokenizer.json(), as: UTF8.self))
    let text = try String(contentsOfFile: path, encoding: .utf8)
    try #require(text.contains("\"post_processor\""))
    let object = try JSONSerialization.jsonObject(with: Data(text.utf8)) as! [String: Any]
    var changed = object
    changed["post_processor"] = [
      "type": "TemplateProcessing",
      "single": [["SpecialToken": ["id": "<|endoftext|>", "type_id": 0]], ["Sequence": ["id": "A", "type_id": 0]]],
      "pair": [["Sequence": ["id": "A", "type_id": 0]], ["Sequence": ["id": "B", "type_id": 1]]],
      "special_tokens": ["<|endoftext|>": ["id": "<|endoftext|>", "ids": [0], "tokens": ["<|endoftext|>"]]],
    ]
    let tokenizer = try Tokenizer(json: Array(try JSONSerialization.data(withJSONObject: changed)))
    try #require(tokenizer.textPrefix == [0])
    let found = try shards(conversation(Self.turns), tokenizer)
    #expect(found.ids(in: 0..<1) == [0])
    #expect(try counted(found).first == "Two, wie schön.<|end|>\n")
  }

  private func shards(_ text: String, _ tokenizer: Tokenizer) throws -> TokenShards {
    try shards(text, Self.plain, tokensPerShard: 1000, tokenizer)
  }
}
