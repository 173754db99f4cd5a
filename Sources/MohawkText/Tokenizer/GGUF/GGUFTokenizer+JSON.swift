extension GGUFTokenizer {
  /// The contents of the `tokenizer.json` that says the same.
  package func json() throws -> [UInt8] {
    var text = Array("{\n  \"version\": \"1.0\",\n  \"truncation\": null,\n  \"padding\": null,\n".utf8)
    try putAddedTokens(&text)
    switch scheme {
    case .bytePairs(let words, let merges):
      let byteLevel =
        #"{"type": "ByteLevel", "add_prefix_space": false, "trim_offsets": true, "use_regex": false}"#
      put("  \"normalizer\": null,\n  \"pre_tokenizer\": ", &text)
      text.append(contentsOf: words.json())
      putTemplate(&text)
      put(",\n  \"decoder\": \(byteLevel),\n", &text)
      putModel(unknown: nil, ignoresMerges: words.ignoresMerges, fallsBack: false, &text)
      try putMerges(pairs(merges: merges), &text)
    case .sentencePiece(let scores, let spaceInFront):
      let replace = #"{"type": "Replace", "pattern": {"String": " "}, "content": "▁"}"#
      let prepend = spaceInFront ? #"{"type": "Prepend", "prepend": "▁"}, "# : ""
      put("  \"normalizer\": {\"type\": \"Sequence\", \"normalizers\": [\(prepend)\(replace)]},\n", &text)
      put("  \"pre_tokenizer\": null", &text)
      putTemplate(&text)
      put(",\n  \"decoder\": {\"type\": \"Sequence\", \"decoders\": [", &text)
      put(#"{"type": "Replace", "pattern": {"String": "▁"}, "content": " "}, "#, &text)
      put(#"{"type": "ByteFallback"}, {"type": "Fuse"}"#, &text)
      if spaceInFront { put(#", {"type": "Strip", "content": " ", "start": 1, "stop": 0}"#, &text) }
      put("]},\n", &text)
      putModel(unknown: token("unknown"), ignoresMerges: false, fallsBack: true, &text)
      try putMerges(pairs(scores: scores), &text)
    }
    put("\n    ]\n  }\n}\n", &text)
    return text
  }

  private func put(_ string: String, _ text: inout [UInt8]) { text.append(contentsOf: string.utf8) }

  private func putAddedTokens(_ text: inout [UInt8]) throws {
    put("  \"added_tokens\": [", &text)
    var separator = ""
    for token in try added() {
      put("\(separator)\n    {\"id\": \(token.id), \"content\": ", &text)
      JSONText.append(token.content.utf8, to: &text)
      put(", \"single_word\": false, \"lstrip\": false, \"rstrip\": \(token.stripsRight)", &text)
      put(", \"normalized\": false, \"special\": \(token.special)}", &text)
      separator = ","
    }
    put("\n  ],\n", &text)
  }

  private func putTemplate(_ text: inout [UInt8]) {
    let beginning = addsBeginning ? roles["bos"] : nil
    let end = addsEnd ? roles["eos"] : nil
    guard beginning != nil || end != nil else { return put(",\n  \"post_processor\": null", &text) }
    func list(_ sequence: String, _ type: Int, _ text: inout [UInt8]) {
      if let beginning { piece(beginning, type, &text, after: ", ") }
      put("{\"Sequence\": {\"id\": \"\(sequence)\", \"type_id\": \(type)}}", &text)
      if let end { piece(end, type, &text, before: ", ") }
    }
    func piece(_ id: Int, _ type: Int, _ text: inout [UInt8], before: String = "", after: String = "") {
      put(before + #"{"SpecialToken": {"id": "#, &text)
      JSONText.append(tokens[id].utf8, to: &text)
      put(", \"type_id\": \(type)}}" + after, &text)
    }
    put(",\n  \"post_processor\": {\"type\": \"TemplateProcessing\", \"single\": [", &text)
    list("A", 0, &text)
    put("], \"pair\": [", &text)
    list("A", 0, &text)
    put(", ", &text)
    list("B", 1, &text)
    put("], \"special_tokens\": {", &text)
    for (index, id) in Set([beginning, end].compactMap { $0 }).sorted().enumerated() {
      if index > 0 { put(", ", &text) }
      JSONText.append(tokens[id].utf8, to: &text)
      put(": {\"id\": ", &text)
      JSONText.append(tokens[id].utf8, to: &text)
      put(", \"ids\": [\(id)], \"tokens\": [", &text)
      JSONText.append(tokens[id].utf8, to: &text)
      put("]}", &text)
    }
    put("}}", &text)
  }

  private func putModel(unknown: String?, ignoresMerges: Bool, fallsBack: Bool, _ text: inout [UInt8]) {
    put("  \"model\": {\n    \"type\": \"BPE\",\n    \"dropout\": null,\n    \"unk_token\": ", &text)
    if let unknown { JSONText.append(unknown.utf8, to: &text) } else { put("null", &text) }
    put(",\n    \"continuing_subword_prefix\": null,\n    \"end_of_word_suffix\": null,\n", &text)
    put("    \"fuse_unk\": \(unknown != nil),\n    \"byte_fallback\": \(fallsBack),\n", &text)
    put("    \"ignore_merges\": \(ignoresMerges),\n    \"vocab\": {", &text)
    var separator = ""
    for (id, token) in tokens.enumerated() where !isFiller(id) {
      put("\(separator)\n      ", &text)
      JSONText.append(token.utf8, to: &text)
      put(": \(id)", &text)
      separator = ","
    }
    put("\n    },\n    \"merges\": [", &text)
  }

  private func putMerges(_ pairs: [Pair], _ text: inout [UInt8]) {
    for (index, pair) in pairs.enumerated() {
      put(index == 0 ? "\n      [" : ",\n      [", &text)
      JSONText.append(pair.left, to: &text)
      put(", ", &text)
      JSONText.append(pair.right, to: &text)
      put("]", &text)
    }
  }
}
