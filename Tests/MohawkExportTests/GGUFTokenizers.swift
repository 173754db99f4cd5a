import Foundation
import MohawkText

/// Small `tokenizer.json` files.
enum GGUFTokenizers {
  /// Byte-level, with the tokens of all bytes, `ab`, `abc`, and three added ones.
  static func bytes(
    pre: String = #"{"type": "ByteLevel", "add_prefix_space": false, "use_regex": true}"#, normalizer: String = "null",
    template: String = "null", model: String = "", flags: String = ""
  ) throws -> Tokenizer {
    var vocabulary: [String: Int] = [:]
    for scalar in byteAlphabet { vocabulary[String(scalar)] = vocabulary.count }
    vocabulary["ab"] = 256
    vocabulary["abc"] = 257
    return try tokenizer(
      vocabulary, merges: [["a", "b"], ["ab", "c"]], pre: pre, normalizer: normalizer, template: template, model: model,
      flags: flags)
  }

  /// The characters that GPT-2 writes bytes as: printable ones as they are, the others from U+0100 on.
  private static let byteAlphabet: [Unicode.Scalar] = {
    let printable = Set(Array(33...126) + Array(161...172) + Array(174...255))
    var next: UInt32 = 256
    return (0..<256).map { byte in
      if printable.contains(byte) { return Unicode.Scalar(UInt8(byte)) }
      defer { next += 1 }
      return Unicode.Scalar(next)!
    }
  }()

  /// A pre-tokenizer that splits by a pattern before the byte alphabet.
  static func split(_ pattern: String) throws -> String {
    let text = String(decoding: try JSONSerialization.data(withJSONObject: [pattern]), as: UTF8.self)
    return """
      {"type": "Sequence", "pretokenizers": [
      {"type": "Split", "pattern": {"Regex": \(text.dropFirst().dropLast())}, "behavior": "Isolated", "invert": false},
      {"type": "ByteLevel", "add_prefix_space": false, "use_regex": false}]}
      """
  }

  private static func tokenizer(
    _ vocabulary: [String: Int], merges: [[String]], pre: String, normalizer: String, template: String, model: String,
    flags: String
  ) throws -> Tokenizer {
    func json(_ object: Any) throws -> String {
      String(decoding: try JSONSerialization.data(withJSONObject: object), as: UTF8.self)
    }
    let added = ["<|endoftext|>", "<pad>"].enumerated().map { offset, content in
      #"{"id": \#(vocabulary.count + offset), "content": "\#(content)", "special": true\#(flags)}"#
    }
    let plain = #"{"id": \#(vocabulary.count + 2), "content": "  ", "special": false}"#
    let text = """
      {"version": "1.0", "normalizer": \(normalizer), "pre_tokenizer": \(pre), "post_processor": \(template),
      "decoder": null, "added_tokens": [\((added + [plain]).joined(separator: ", "))],
      "model": {"type": "BPE", "vocab": \(try json(vocabulary)), "merges": \(try json(merges))\(model)}}
      """
    return try Tokenizer(json: Array(text.utf8))
  }

  /// In characters, after SentencePiece: ▁, letters a to e, pieces of them, and all bytes.
  static func pieces(
    _ merges: [[String]] = pieceMerges, normalizer: String = llamaNormalizer, pre: String = "null",
    fallback: Bool = true, flags: String = ""
  ) throws -> Tokenizer {
    var vocabulary: [String: Int] = ["<unk>": 0, "<s>": 1, "</s>": 2]
    for byte in 0..<256 { vocabulary[String(format: "<0x%02X>", byte)] = vocabulary.count }
    for text in ["▁", "a", "b", "c", "d", "e"] + merges.map({ $0.joined() }) where vocabulary[text] == nil {
      vocabulary[text] = vocabulary.count
    }
    let data = try JSONSerialization.data(withJSONObject: ["vocab": vocabulary, "merges": merges])
    let inner = String(decoding: data, as: UTF8.self).dropFirst().dropLast()
    let text = """
      {"version": "1.0", "normalizer": \(normalizer), "pre_tokenizer": \(pre), "decoder": null, "added_tokens": [
      {"id": 0, "content": "<unk>", "special": true}, {"id": 1, "content": "<s>", "special": true\(flags)},
      {"id": 2, "content": "</s>", "special": true}],
      "post_processor": {"type": "TemplateProcessing", "pair": [], "single": [{"SpecialToken": {"id": "<s>", "type_id": 0}},
      {"Sequence": {"id": "A", "type_id": 0}}], "special_tokens": {"<s>": {"id": "<s>", "ids": [1], "tokens": ["<s>"]}}},
      "model": {"type": "BPE", "unk_token": "<unk>", "fuse_unk": true, "byte_fallback": \(fallback), \(inner)}}
      """
    return try Tokenizer(json: Array(text.utf8))
  }

  static let llamaNormalizer = """
    {"type": "Sequence", "normalizers": [{"type": "Prepend", "prepend": "▁"},
    {"type": "Replace", "pattern": {"String": " "}, "content": "▁"}]}
    """
  /// Every pair of tokens that makes a token, as converted vocabularies have them.
  static let pieceMerges = [
    ["a", "b"], ["▁", "a"], ["c", "d"], ["a", "bc"], ["ab", "c"], ["b", "c"], ["▁", "ab"], ["▁a", "b"], ["▁", "▁"],
  ]
}
