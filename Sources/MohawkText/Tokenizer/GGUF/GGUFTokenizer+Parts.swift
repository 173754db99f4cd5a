import MohawkFiles

extension GGUFTokenizer {
  /// The checked contents for a ``Tokenizer``, whose source is the `tokenizer.json` that says the same.
  func parts() throws -> TokenizerParts {
    var parts = try TokenizerParts(json: json(), location: file.path)
    parts.names = TokenizerParts.Names(beginning: token("bos"), end: token("eos"), padding: token("padding"))
    parts.ends = ends.map { Int32($0) }
    return parts
  }

  /// The file's chat templates: the one without a name, and the one called `tool_use`; nil when there is none.
  package func chatTemplate() throws -> ChatTemplate? {
    let templates = try chatTemplates()
    guard let source = templates["default"] else { return nil }
    return try ChatTemplate(
      source, tools: templates["tool_use"], tokens: tokensByRole, location: file.path)
  }

  /// Chat templates by name; the one without a name is called `default`.
  package func chatTemplates() throws -> [String: String] {
    let key = "tokenizer.chat_template"
    var templates: [String: String] = [:]
    for name in file.keys where name.hasPrefix(key + ".") {
      templates[String(name.dropFirst(key.count + 1))] = try file.string(name)
    }
    if let source = try file.string(key) { templates["default"] = source }
    return templates
  }

  /// The spellings of tokens with a role, by the names of `tokenizer_config.json`.
  package var tokensByRole: [(name: String, token: String)] {
    let names = [
      ("bos_token", "bos"), ("eos_token", "eos"), ("unk_token", "unknown"), ("pad_token", "padding"),
      ("sep_token", "seperator"), ("mask_token", "mask"),
    ]
    return names.compactMap { name, role in token(role).map { (name, $0) } }
  }
}
