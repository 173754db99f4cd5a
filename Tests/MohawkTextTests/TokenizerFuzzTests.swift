import Foundation
import MohawkFiles
@testable import MohawkText
import Testing

/// Damaged `tokenizer.json` files: each is refused with a sentence, or gives a tokenizer that works.
@Suite struct TokenizerFuzzTests {
  /// Small files, so that tens of thousands of cases take seconds.
  private static let seeds: [[UInt8]] = [
    #"""
    {"version":"1.0","truncation":null,"added_tokens":[{"id":6,"content":"<s>","single_word":false,"lstrip":true,
    "rstrip":false,"normalized":false,"special":true},{"id":7,"content":"ab","single_word":true,"lstrip":false,"rstrip":true,
    "normalized":true,"special":false}],"normalizer":{"type":"Sequence","normalizers":[{"type":"Prepend","prepend":"▁"},
    {"type":"Replace","pattern":{"String":" "},"content":"▁"},{"type":"NFC"}]},"pre_tokenizer":null,"post_processor":
    {"type":"TemplateProcessing","single":[{"SpecialToken":{"id":"<s>","type_id":0}},{"Sequence":{"id":"A","type_id":0}}],
    "pair":[],"special_tokens":{"<s>":{"id":"<s>","ids":[0],"tokens":["<s>"]}}},"decoder":{"type":"Sequence","decoders":[
    {"type":"Replace","pattern":{"String":"▁"},"content":" "},{"type":"ByteFallback"},{"type":"Fuse"},{"type":"Strip",
    "content":" ","start":1,"stop":0}]},"model":{"type":"BPE","dropout":null,"unk_token":"<s>","fuse_unk":true,
    "byte_fallback":true,"ignore_merges":false,"vocab":{"<s>":0,"▁":1,"a":2,"b":3,"ab":4,"▁ab":5,"<0xC3>":8,"<0xA9>":9},
    "merges":[["a","b"],"▁ ab"]}}
    """#,
    #"""
    {"added_tokens":[],"normalizer":{"type":"Strip","strip_left":true,"strip_right":true},"pre_tokenizer":{"type":"Sequence",
    "pretokenizers":[{"type":"Split","pattern":{"Regex":"(?i:'s|'t)|[^\\r\\n\\p{L}]?\\p{L}+|\\p{N}{1,3}|\\s+(?!\\S)|\\s+"},
    "behavior":"Isolated","invert":false},{"type":"Digits","individual_digits":true},{"type":"ByteLevel",
    "add_prefix_space":true,"trim_offsets":true,"use_regex":false}]},"post_processor":{"type":"Sequence","processors":[
    {"type":"ByteLevel"},{"type":"RobertaProcessing","sep":["a",1],"cls":["b",0]}]},"decoder":{"type":"ByteLevel"},
    "model":{"type":"BPE","vocab":{"b":0,"a":1,"ba":2,"Ġ":3,"Ġba":4},"merges":["b a","Ġ ba"],"ignore_merges":true}}
    """#,
    #"""
    {"added_tokens":[{"id":3,"content":"é","normalized":true}],"normalizer":{"type":"NFD"},"pre_tokenizer":{"type":"Sequence",
    "pretokenizers":[{"type":"Punctuation","behavior":"Contiguous"},{"type":"WhitespaceSplit"},{"type":"Metaspace",
    "replacement":"▁","prepend_scheme":"first","split":true}]},"decoder":{"type":"Metaspace","replacement":"▁"},
    "model":{"vocab":{"a":0,"▁":1,"▁a":2},"merges":["▁ a"],"unk_token":"a"}}
    """#,
  ].map { Array($0.utf8) }

  private static let texts =
    ["", " ab é", "a b  ab<s> 12 it's\n\u{301}x", "<s><s>ab"].map { Array($0.utf8) } + [[0xFF, 0x61, 0xC3]]

  /// Pieces of JSON that a hostile file may hold anywhere.
  private static let pieces: [String] = [
    "2147483647", "-1", "1e308", "99999999999999999999", "16777216", "65535", "1.5", "null", "true", "{}", "[]", #""""#,
    #""a""#, #""▁""#, #""\u0000""#, #""\ud800""#, #"["a","a"]"#, #"["ab","ab"]"#, #"{"type":"ByteLevel"}"#,
    #"{"type":"Sequence","normalizers":[]}"#, #"{"Regex":"(a|"}"#, #"{"Regex":"((((a+)+)+)+)"}"#,
    #"{"Regex":"a{256}{256}{256}"}"#,
    #"{"String":""}"#, String(repeating: "[", count: 200), String(repeating: #"{"a":"#, count: 140), "\u{FEFF}", ",",
    "}", "]",
  ]

  private enum Outcome {
    case refused, works, breaks
  }

  /// Whether the file is refused as it should be, or works.
  private func outcome(_ json: [UInt8]) throws -> Outcome {
    let tokenizer: Tokenizer
    do {
      tokenizer = try Tokenizer(json: json, location: "fuzz.json")
    } catch let error as MohawkError {
      return !error.message.isEmpty && error.location == "fuzz.json" ? .refused : .breaks
    }
    guard tokenizer.json() == json, tokenizer.highestID < 65_536 else { return .breaks }
    for text in Self.texts {
      let ids = tokenizer.encode(text, addingSpecial: true)
      guard ids.allSatisfy({ tokenizer.token($0) != nil }) else { return .breaks }
      let whole = try tokenizer.decode(ids)
      var stream = StreamingDecoder(tokenizer)
      var parts = ""
      for id in ids { parts += try stream.append(id) }
      parts += stream.finish()
      guard Array(parts.utf8) == Array(whole.utf8) else { return .breaks }
    }
    return .works
  }

  private func damaged(_ seed: [UInt8], _ random: inout SeededGenerator) -> [UInt8] {
    var json = seed
    for _ in 0...random.next(below: 2) {
      let place = random.next(below: json.count)
      switch random.next(below: 8) {
      case 0: json[place] ^= 1 << UInt8(random.next(below: 8))
      case 1: json[place] = UInt8(random.next(below: 256))
      case 2: json.removeLast(random.next(below: min(json.count, 40)))
      case 3: json.removeSubrange(place..<min(json.count, place + 1 + random.next(below: 12)))
      case 4: json.insert(contentsOf: Array(Self.pieces[random.next(below: Self.pieces.count)].utf8), at: place)
      case 5:  // one part written over another
        let source = random.next(below: json.count)
        let length = min(20, json.count - max(place, source))
        json.replaceSubrange(place..<place + length, with: Array(json[source..<source + length]))
      case 6:  // a number in place of a number
        guard let digit = json[place...].firstIndex(where: { (0x30...0x39).contains($0) }) else { continue }
        let end = json[digit...].firstIndex { !(0x30...0x39).contains($0) } ?? json.count
        json.replaceSubrange(digit..<end, with: Array(Self.pieces[random.next(below: 7)].utf8))
      default:  // a value in place of a value
        guard let colon = json[place...].firstIndex(of: 0x3A) else { continue }
        let end = json[colon...].firstIndex { $0 == 0x2C || $0 == 0x7D } ?? json.count
        json.replaceSubrange(colon + 1..<end, with: Array(Self.pieces[random.next(below: Self.pieces.count)].utf8))
      }
      if json.isEmpty { return [] }
    }
    return json
  }

  @Test func theSeedsAreSound() throws {
    for seed in Self.seeds { _ = try Tokenizer(json: seed) }
  }

  @Test(arguments: 0..<4)
  func aDamagedFileIsRefusedOrWorks(part: Int) throws {
    var random = SeededGenerator(seed: UInt64(100 + part))
    var working = 0
    for number in 0..<10_500 {
      let json = damaged(Self.seeds[number % Self.seeds.count], &random)
      let outcome = try outcome(json)
      try #require(outcome != .breaks, "\(String(decoding: json, as: UTF8.self))")
      if outcome == .works { working += 1 }
    }
    #expect((500...9000).contains(working))
  }

  @Test func everyBeginningOfAFileIsRefused() throws {
    for seed in Self.seeds {
      for end in 0..<seed.count { #expect(throws: MohawkError.self) { try Tokenizer(json: Array(seed[..<end])) } }
    }
  }

  @Test func aLargeIDTakesNoLargeTable() throws {
    for id in ["2147483647", "16777215", "65536", "-2147483648", "9223372036854775807", "9223372036854775808"] {
      let json = #"{"model":{"vocab":{"a":\#(id)},"merges":[]}}"#
      let error = #expect(throws: MohawkError.self) { try Tokenizer(json: Array(json.utf8)) }
      #expect(error?.message.contains("\"a\"") == true, "\(String(describing: error))")
    }
    let error = #expect(throws: MohawkError.self) {
      try Tokenizer(
        json: Array(
          #"{"model":{"vocab":{"a":0},"merges":[]},"post_processor":{"type":"BertProcessing","cls":["a",2147483647],"sep":["a",0]}}"#
            .utf8))
    }
    #expect(error?.message.contains("2147483647") == true)
  }

  @Test func whatWasFoundOnceIsRefused() throws {
    // A template's id that lies in a gap between the tokens.
    let gap =
      #"{"model":{"vocab":{"a":1},"merges":[]},"post_processor":{"type":"BertProcessing","cls":["a",0],"sep":["a",1]}}"#
    let error = #expect(throws: MohawkError.self) { try Tokenizer(json: Array(gap.utf8)) }
    #expect(error?.message == "the post-processor adds the id 0, which no token has")
  }

  @Test func aLongSectionIsRefused() throws {
    let list = "[" + String(repeating: "{},", count: 400_000) + "{}]"
    for key in ["normalizer", "pre_tokenizer", "post_processor", "decoder"] {
      let json = #"{"\#(key)":\#(list),"model":{"vocab":{"a":0},"merges":[]}}"#
      let error = #expect(throws: MohawkError.self) { try Tokenizer(json: Array(json.utf8)) }
      #expect(error?.message.contains("a value of") == true)
    }
  }
}
