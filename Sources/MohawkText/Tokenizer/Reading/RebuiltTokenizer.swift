import MohawkFiles

/// A `tokenizer.json` in which a class has made the parts anew.
struct RebuiltTokenizer {
  let style: TokenizerStyle
  /// Whether texts begin with a space.
  let isSpaced: Bool
  let isLegacy: Bool

  init(_ style: TokenizerStyle, _ configuration: JSONFile) {
    self.style = style
    isSpaced = configuration["add_prefix_space"]?.bool ?? style.isSpaced
    isLegacy = configuration["legacy"]?.bool ?? false
  }

  /// The contents of the file that says the same, without added tokens.
  /// - Parameters:
  ///   - source: a `tokenizer.json`, of which vocabulary, merges and post-processor are taken.
  ///   - unknown: the token for what cannot be encoded.
  ///   - location: what to call the source in messages.
  func json(_ source: [UInt8], unknown: String?, location: String) throws -> [UInt8] {
    let places = try TokenizerFile.places(in: source, location)
    let model = try places["model"].map { try TokenizerFile.places(in: Array(source[$0]), location) } ?? [:]
    let start = places["model"]?.lowerBound ?? 0
    func part(_ key: String) -> [UInt8]? {
      model[key].map { Array(source[start + $0.lowerBound..<start + $0.upperBound]) }
    }
    if let type = part("type"), type != Array(#""BPE""#.utf8) {
      throw MohawkError(
        .unsupported, "model.type is \(String(decoding: type.prefix(60), as: UTF8.self)), which is not supported",
        at: location, remedy: "use a byte-pair tokenizer like those of GPT-2, Phi, Pythia, Llama, Mistral or Qwen")
    }
    guard let vocabulary = part("vocab") else {
      throw MohawkError(.invalidFormat, "model.vocab is missing", at: location)
    }
    let processor = style.template == .fromFile ? places["post_processor"].map { Array(source[$0]) } : nil
    var text: [UInt8] = []
    func put(_ string: String) { text.append(contentsOf: string.utf8) }
    put("{\n  \"version\": \"1.0\",\n  \"truncation\": null,\n  \"padding\": null,\n  \"added_tokens\": [],\n")
    put("  \"normalizer\": \(style.normalizer),\n  \"pre_tokenizer\": \(style.preTokenizer(isSpaced, isLegacy)),\n")
    put("  \"post_processor\": ")
    text += processor ?? Array("null".utf8)
    put(",\n  \"decoder\": \(style.decoder(isSpaced, isLegacy)),\n  \"model\": {\n    \"type\": \"BPE\",\n")
    let unknown = style.hasUnknown ? unknown.map(TokenizerStyle.quoted) : nil
    put("    \"dropout\": null,\n    \"unk_token\": \(unknown ?? "null"),\n    \"continuing_subword_prefix\": null,\n")
    put("    \"end_of_word_suffix\": null,\n    \"fuse_unk\": \(style.fallsBackToBytes),\n")
    put("    \"byte_fallback\": \(style.fallsBackToBytes),\n    \"ignore_merges\": false,\n    \"vocab\": ")
    text += vocabulary
    put(",\n    \"merges\": ")
    text += part("merges") ?? Array("[]".utf8)
    put("\n  }\n}\n")
    return text
  }

  /// The post-processor that puts tokens around a text.
  /// - Parameters:
  ///   - beginning: the token before it and its id.
  ///   - end: the token after it and its id.
  static func processor(beginning: (name: String, id: Int32)?, end: (name: String, id: Int32)?) -> String {
    func quoted(_ text: String) -> String { TokenizerStyle.quoted(text) }
    func piece(_ token: (name: String, id: Int32)?) -> [String] {
      token.map { [#"{"SpecialToken": {"id": \#(quoted($0.name)), "type_id": 0}}"#] } ?? []
    }
    let text = #"{"Sequence": {"id": "A", "type_id": 0}}"#
    let single = (piece(beginning) + [text] + piece(end)).joined(separator: ", ")
    let tokens = [beginning, end].compactMap(\.self).map {
      #"\#(quoted($0.name)): {"id": \#(quoted($0.name)), "ids": [\#($0.id)], "tokens": [\#(quoted($0.name))]}"#
    }
    let named = Array(Set(tokens)).sorted().joined(separator: ", ")
    let pair = single + #", {"Sequence": {"id": "B", "type_id": 1}}"#
    return #"{"type": "TemplateProcessing", "single": [\#(single)], "pair": [\#(pair)], "special_tokens": {\#(named)}}"#
  }
}
