import Foundation
import MohawkFiles

/// The files `vocab.json` and `merges.txt`, from before there was `tokenizer.json`, as what such a file says.
struct LegacyVocabulary {
  private let vocabulary: [UInt8]
  private let merges: [ArraySlice<UInt8>]
  private let added: [UInt8]
  private let isQwen: Bool

  /// - Parameters:
  ///   - vocabulary: the path of `vocab.json`.
  ///   - merges: the path of `merges.txt`.
  ///   - style: the name of the tokenizer's class in `transformers`, which says how words are cut.
  ///   - configuration: the path of `tokenizer_config.json`, whose added tokens are taken where it exists.
  init(vocabulary: String, merges: String, style: String, configuration: String) throws {
    switch style {
    case "GPT2Tokenizer", "GPT2TokenizerFast", "CodeGenTokenizer", "CodeGenTokenizerFast": isQwen = false
    case "Qwen2Tokenizer", "Qwen2TokenizerFast": isQwen = true
    default:
      throw MohawkError(
        .unsupported, "tokenizer_class is \"\(style.prefix(60))\", whose vocab.json and merges.txt are not read here",
        at: configuration,
        remedy:
          "make a tokenizer.json with Python: transformers.AutoTokenizer.from_pretrained(folder).save_pretrained(folder)"
      )
    }
    self.vocabulary = try MappedFile(vocabulary).withBytes { Array($0) }
    try Self.check(self.vocabulary, at: vocabulary)
    self.merges = try MappedFile(merges).withBytes { Array($0) }
      .split(separator: 0x0A)
      .map { $0.last == 0x0D ? $0.dropLast() : $0 }
      .filter { !$0.isEmpty && !$0.starts(with: "#version".utf8) }
    added = try Self.addedTokens(configuration)
  }

  /// The contents of the `tokenizer.json` that says the same.
  func json() -> [UInt8] {
    var text: [UInt8] = []
    func put(_ string: String) { text.append(contentsOf: string.utf8) }
    let regex = isQwen ? "false" : "true"
    let byteLevel = #"{"type": "ByteLevel", "add_prefix_space": false, "trim_offsets": false, "use_regex": \#(regex)}"#
    put("{\n  \"version\": \"1.0\",\n  \"truncation\": null,\n  \"padding\": null,\n  \"added_tokens\": [")
    text.append(contentsOf: added)
    put("],\n  \"normalizer\": \(isQwen ? #"{"type": "NFC"}"# : "null"),\n  \"pre_tokenizer\": ")
    if isQwen {
      put(#"{"type": "Sequence", "pretokenizers": [{"type": "Split", "pattern": {"Regex": "#)
      JSONText.append(Llama3Words.pattern(digits: #"\p{N}"#).utf8, to: &text)
      put(#"}, "behavior": "Isolated", "invert": false}, \#(byteLevel)]}"#)
    } else {
      put(byteLevel)
    }
    put(",\n  \"post_processor\": null,\n  \"decoder\": \(byteLevel),\n  \"model\": {\"type\": \"BPE\", \"vocab\": ")
    text.append(contentsOf: vocabulary)
    put(", \"merges\": [")
    for (index, merge) in merges.enumerated() {
      put(index == 0 ? "\n    " : ",\n    ")
      JSONText.append(merge, to: &text)
    }
    put("]}\n}\n")
    return text
  }

  private static func check(_ vocabulary: [UInt8], at path: String) throws {
    do {
      try vocabulary.withUnsafeBufferPointer { bytes in
        var reader = JSONReader(bytes)
        guard try reader.peek() == UInt8(ascii: "{") else { throw reader.fault("this is no object") }
        try reader.skip()
        try reader.end()
      }
    } catch let fault as JSONFault {
      throw MohawkError(.invalidFormat, "\(fault.message) (byte \(fault.offset))", at: path)
    }
  }

  /// The added tokens of a `tokenizer_config.json` in the form of a `tokenizer.json`.
  private static func addedTokens(_ configuration: String) throws -> [UInt8] {
    guard FileManager.default.fileExists(atPath: configuration) else { return Array(endOfText.utf8) }
    let root: JSONValue
    do {
      root = try MappedFile(configuration).withBytes { try JSONReader.document($0.bindMemory(to: UInt8.self)) }
    } catch let fault as JSONFault {
      throw MohawkError(.invalidFormat, "\(fault.message) (byte \(fault.offset))", at: configuration)
    }
    guard case .object(let members)? = root["added_tokens_decoder"] else { return Array(endOfText.utf8) }
    var text: [UInt8] = []
    for (key, value) in members.sorted(by: { id($0.key) < id($1.key) }) {
      guard id(key) >= 0, case .string(let content)? = value["content"] else {
        throw MohawkError(.invalidFormat, "added_tokens_decoder has an entry without id and content", at: configuration)
      }
      if !text.isEmpty { text.append(contentsOf: ", ".utf8) }
      text.append(contentsOf: "{\"id\": \(id(key)), \"content\": ".utf8)
      JSONText.append(content, to: &text)
      for flag in ["single_word", "lstrip", "rstrip", "normalized", "special"] {
        text.append(contentsOf: ", \"\(flag)\": \(value[flag]?.bool ?? false)".utf8)
      }
      text.append(UInt8(ascii: "}"))
    }
    return text
  }

  private static func id(_ key: [UInt8]) -> Int { Int(String(decoding: key, as: UTF8.self)) ?? -1 }

  private static let endOfText =
    #"{"id": 0, "content": "<|endoftext|>", "single_word": false, "lstrip": false, "rstrip": false, "#
    + #""normalized": false, "special": true}"#
}
