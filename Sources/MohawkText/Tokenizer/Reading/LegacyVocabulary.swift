import Foundation
import MohawkFiles

/// The files `vocab.json` and `merges.txt`, from before there was `tokenizer.json`, as what such a file says.
struct LegacyVocabulary {
  private let vocabulary: [UInt8]
  private let merges: [ArraySlice<UInt8>]
  private let hasPrefixSpace: Bool
  private let isQwen: Bool

  /// - Parameters:
  ///   - vocabulary: the path of `vocab.json`.
  ///   - merges: the path of `merges.txt`.
  ///   - style: the name of the tokenizer's class in `transformers`, which says how words are cut.
  ///   - configuration: the file `tokenizer_config.json`.
  init(vocabulary: String, merges: String, style: String, configuration: JSONFile) throws {
    switch style {
    case "GPT2Tokenizer", "GPT2TokenizerFast", "CodeGenTokenizer", "CodeGenTokenizerFast": isQwen = false
    case "Qwen2Tokenizer", "Qwen2TokenizerFast": isQwen = true
    default:
      throw MohawkError(
        .unsupported, "tokenizer_class is \"\(style.prefix(60))\", whose vocab.json and merges.txt are not read here",
        at: configuration.path,
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
    hasPrefixSpace = configuration["add_prefix_space"]?.bool ?? false
    if let key = ["add_bos_token", "add_eos_token"].first(where: { configuration[$0]?.bool == true }) {
      throw MohawkError(
        .unsupported, "\(key) is true, which is not supported beside vocab.json and merges.txt", at: configuration.path,
        remedy: "make a tokenizer.json with Python: AutoTokenizer.from_pretrained(folder).save_pretrained(folder)")
    }
  }

  /// Tokens with a role where no file names them, as the class has them.
  var defaultTokens: [String: String] {
    let roles = isQwen ? ["eos_token", "unk_token", "pad_token"] : ["bos_token", "eos_token", "unk_token"]
    return Dictionary(uniqueKeysWithValues: roles.map { ($0, "<|endoftext|>") })
  }

  /// The contents of the `tokenizer.json` that says the same, without added tokens.
  func json() -> [UInt8] {
    var text: [UInt8] = []
    func put(_ string: String) { text.append(contentsOf: string.utf8) }
    let regex = isQwen ? "false" : "true"
    let byteLevel =
      #"{"type": "ByteLevel", "add_prefix_space": \#(hasPrefixSpace), "trim_offsets": false, "use_regex": \#(regex)}"#
    put(
      "{\n  \"version\": \"1.0\",\n  \"truncation\": null,\n  \"padding\": null,\n  \"added_tokens\": [],\n  \"normalizer\": \(isQwen ? #"{"type": "NFC"}"# : "null"),\n  \"pre_tokenizer\": "
    )
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
}
