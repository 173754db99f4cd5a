import Foundation
import MohawkFiles
@testable import MohawkGGUF
import Testing

@testable import MohawkText

/// Hostile metadata: each file is refused by a sentence, or gives a tokenizer that works; never a trap.
@Suite struct GGUFTokenizerFuzzTests {
  /// Few tokens, so that thousands of cases take seconds.
  private static let seeds: [GGUFVocabularies] = {
    let pairs = GGUFVocabularies().with("model", .string("gpt2")).with("pre", .string("smollm"))
      .with("tokens", .array(.string(["a", "b", "ab", "Ġ", "Ġab", "<s>", "</s>", "1"])))
      .with("token_type", .array(.int32([1, 1, 1, 1, 1, 3, 3, 1]))).with("merges", .array(.string(["a b", "Ġ ab"])))
      .with("bos_token_id", .uint32(5)).with("eos_token_id", .uint32(6)).with("eot_token_id", .uint32(6))
      .with("add_bos_token", .bool(true)).with("padding_token_id", .uint32(6))
    let pieces = GGUFVocabularies().with("model", .string("llama"))
      .with("tokens", .array(.string(["<unk>", "<s>", "</s>", "<0xC3>", "▁", "a", "b", "▁a", "ab", "▁ab", "[PAD10]"])))
      .with("token_type", .array(.int32([2, 3, 3, 6, 1, 1, 1, 1, 4, 1, 5])))
      .with("scores", .array(.float32([0, 0, 0, 0, -5, -6, -7, -1, -2, -1, 0])))
      .with("unknown_token_id", .uint32(0)).with("add_space_prefix", .bool(true)).with("add_eos_token", .bool(true))
    return [pairs, pieces].map { seed in
      var seed = seed
      seed["tokenizer.chat_template"] = .string("{{ bos_token }}{% for m in messages %}{{ m.content }}{% endfor %}")
      seed["general.name"] = .string("phi-3")
      return seed
    }
  }()

  private static let text = " ab é\na b  ab<s> 12 it's\n\u{301}x<s></s> ab\u{0}"

  private static let strings = [
    "", " ", "a", "ab", "a b", " a b", "a b ", "▁", "<s>", "</s>", "<0x41>", "[PAD3]", "\u{0}", "\"\\", "\u{301}", "🙂",
    "gpt2", "llama", "llama-bpe", "default", "{{", "{% for %}", "no_vocab", String(repeating: "ab", count: 600),
  ]

  private static let values: [GGUFValue] = [
    .uint8(0), .int8(-1), .uint16(7), .int16(-2), .uint32(.max), .uint32(1), .int32(.min), .uint64(.max), .int64(.min),
    .float32(.nan), .float64(0), .bool(true), .bool(false), .string(""), .string("a b"), .array(.string([])),
    .array(.string(["a", "a"])), .array(.string(["", ""])), .array(.int32([])), .array(.int32([1, -1, .max])),
    .array(.uint64([.max])), .array(.float32([.nan, .infinity, -.infinity, 0])), .array(.bool([true])),
    .array(.array([.array([.string(["a"])])])), .array(.float64([1])),
  ]

  private static func changed(_ value: GGUFValue, _ random: inout SeededGenerator) -> GGUFValue {
    func pick<Element>(_ list: [Element]) -> Element { list[random.next(below: list.count)] }
    func changed<Element>(_ elements: [Element], _ others: [Element]) -> [Element] {
      var elements = elements
      let place = random.next(below: elements.count + 1)
      switch random.next(below: 4) {
      case 0: elements.insert(pick(others), at: place)
      case 1 where place < elements.count: elements.remove(at: place)
      case 2 where place < elements.count: elements[place] = pick(elements)
      default: if place < elements.count { elements[place] = pick(others) }
      }
      return elements
    }
    switch value {
    case .array(.string(let texts)): return .array(.string(changed(texts, strings)))
    case .array(.int32(let numbers)): return .array(.int32(changed(numbers, [0, 1, 2, 3, 4, 5, 6, 7, -1, .max, .min])))
    case .array(.float32(let numbers)):
      return .array(.float32(changed(numbers, [0, -1, 1, .nan, .infinity, -.infinity, -0.0, .leastNonzeroMagnitude])))
    case .string: return .string(pick(strings))
    case .uint32: return pick([.uint32(UInt32(random.next(below: 12))), .uint32(.max), .int32(-1), .uint64(.max)])
    case .bool(let truth): return .bool(!truth)
    default: return value
    }
  }

  /// The file's bytes, with one or two keys changed, taken away or given another's value, and now and then a bit flipped.
  private static func damaged(_ seed: GGUFVocabularies, _ random: inout SeededGenerator) -> [UInt8] {
    var file = seed
    for _ in 0...random.next(below: 2) {
      let (key, value) = file.values[random.next(below: file.values.count)]
      switch random.next(below: 8) {
      case 0: file[key] = values[random.next(below: values.count)]
      case 1: file[key] = file.values[random.next(below: file.values.count)].value
      case 2 where file.values.count > 3: file[key] = nil
      default: file[key] = changed(value, &random)
      }
    }
    var header = GGUFHeader()
    header.append(UInt32(0x4655_4747))
    header.append(UInt32(3))
    header.append(UInt64(0))
    header.append(UInt64(file.values.count))
    for (key, value) in file.values {
      header.append(key)
      header.append(value)
    }
    var bytes = header.bytes
    if random.next(below: 4) == 0 { bytes[random.next(below: bytes.count)] ^= 1 << UInt8(random.next(below: 8)) }
    if random.next(below: 40) == 0 { bytes.removeLast(random.next(below: bytes.count)) }
    return bytes
  }

  /// Whether the file gives a tokenizer that works; false when it is refused as it should be.
  /// - Parameter wholly: whether the chat template and what the tokenizer writes are looked at, too.
  private func isRead(_ path: String, wholly: Bool) throws -> Bool {
    do {
      let tokenizer = try Tokenizer(path: path)
      for id in tokenizer.ends + [tokenizer.beginningOfText, tokenizer.padding].compactMap({ $0 }) {
        #expect(tokenizer.token(id) != nil)
      }
      let ids = tokenizer.encode(Self.text, addingSpecial: true)
      #expect(ids.allSatisfy { tokenizer.token($0) != nil })
      _ = try tokenizer.decode(ids)
      guard wholly else { return true }
      #expect(try Tokenizer(json: tokenizer.json()).fingerprint == tokenizer.fingerprint)
      if let template = try ChatTemplate.ofFolder(path) {
        _ = try template.render(messages: [ChatMessage(role: "user", content: "a")])
      }
      return true
    } catch let error as MohawkError {
      #expect(!error.message.isEmpty && error.location?.contains("fuzz.gguf") == true, "\(error)")
      return false
    }
  }

  @Test func theSeedsAreSound() throws {
    for seed in Self.seeds {
      let folder = try TemporaryFolder()
      try seed.write(to: folder.path + "/fuzz.gguf")
      #expect(try isRead(folder.path + "/fuzz.gguf", wholly: true))
    }
  }

  @Test(arguments: 0..<3) func hostileMetadataIsRefusedOrWorks(part: Int) throws {
    let folder = try TemporaryFolder()
    let path = folder.path + "/fuzz.gguf"
    var random = SeededGenerator(seed: UInt64(300 + part))
    var read = 0
    for number in 0..<1000 {
      unlink(path)
      let bytes = Self.damaged(Self.seeds[number % Self.seeds.count], &random)
      // `Data.write` would wait for the disk.
      let file = try #require(fopen(path, "wb"))
      #expect(fwrite(bytes, 1, bytes.count, file) == bytes.count)
      fclose(file)
      if try isRead(path, wholly: number % 8 < 2) { read += 1 }
    }
    #expect((100...900).contains(read))
  }
}
