extension TokenizerFile {
  /// What the file describes.
  func parts() throws -> TokenizerParts {
    if let version = sections["version"], version.text != "1.0" { throw refusal("version", version) }
    guard let type = modelOptions["type"] ?? (vocabulary == nil ? nil : .string(Array("BPE".utf8))) else {
      throw fault(modelOptions.isEmpty ? "model is missing" : "model.type is missing")
    }
    guard type.text == "BPE" else { throw refusal("model.type", type) }
    guard let vocabulary else { throw fault("model.vocab is missing") }
    guard let merges else { throw fault("model.merges is missing") }
    return TokenizerParts(
      normalizer: try normalizer(sections["normalizer"] ?? .null),
      preTokenizer: try preTokenizer(sections["pre_tokenizer"] ?? .null), options: try options(),
      vocabulary: vocabulary, merges: merges, added: added,
      template: try template(sections["post_processor"] ?? .null, "post_processor"),
      decoder: try decoder(sections["decoder"] ?? .null), location: location)
  }

  private func options() throws -> BytePairModel.Options {
    if let dropout = modelOptions["dropout"], !dropout.isNull, dropout.number != 0 {
      throw refusal("model.dropout", dropout)
    }
    for key in ["continuing_subword_prefix", "end_of_word_suffix"] {
      if let value = modelOptions[key], !value.isNull, value.text != "" { throw refusal("model.\(key)", value) }
    }
    func flag(_ key: String) throws -> Bool {
      guard let value = modelOptions[key], !value.isNull else { return false }
      guard let flag = value.bool else { throw fault("model.\(key) is \(value.summary), not true or false") }
      return flag
    }
    var options = BytePairModel.Options(
      ignoresMerges: try flag("ignore_merges"), fallsBackToBytes: try flag("byte_fallback"),
      fusesUnknown: try flag("fuse_unk"))
    if let unknown = modelOptions["unk_token"], !unknown.isNull {
      guard case .string(let spelling) = unknown else {
        throw fault("model.unk_token is \(unknown.summary), not a string")
      }
      options.unknown = spelling
    } else {
      options.fusesUnknown = false
    }
    return options
  }

  /// The ids that a post-processor puts around one text.
  private func template(_ value: JSONValue, _ path: String) throws -> TokenizerParts.Template {
    switch value["type"]?.text {
    case nil where value.isNull: return TokenizerParts.Template()
    case "ByteLevel": return TokenizerParts.Template()
    case "Sequence":
      return try array(value, "processors", path).enumerated().reduce(into: TokenizerParts.Template()) { whole, part in
        let outer = try template(part.element, "\(path).processors[\(part.offset)]")
        whole.prefix = outer.prefix + whole.prefix
        whole.suffix += outer.suffix
      }
    case "BertProcessing", "RobertaProcessing":
      func id(_ key: String) throws -> Int32 {
        guard case .array(let pair)? = value[key], pair.count == 2, let id = pair[1].integer,
          let small = Int32(exactly: id)
        else { throw fault("\(path).\(key) is not a token and its id") }
        return small
      }
      return TokenizerParts.Template(prefix: [try id("cls")], suffix: [try id("sep")])
    case "TemplateProcessing": return try pieces(value, path)
    default: throw refusal(path, value)
    }
  }

  private func pieces(_ value: JSONValue, _ path: String) throws -> TokenizerParts.Template {
    var template = TokenizerParts.Template()
    var hasText = false
    for (index, piece) in try array(value, "single", path).enumerated() {
      if let sequence = piece["Sequence"] {
        guard sequence["id"]?.text == "A", !hasText else { throw refusal("\(path).single[\(index)]", sequence) }
        hasText = true
      } else if let name = piece["SpecialToken"]?["id"]?.text {
        let ids = try specialToken(name, value, path)
        if hasText { template.suffix += ids } else { template.prefix += ids }
      } else {
        throw fault("\(path).single[\(index)] is neither a text nor a token")
      }
    }
    guard hasText else { throw fault("\(path).single has no place for the text") }
    return template
  }

  private func specialToken(_ name: String, _ value: JSONValue, _ path: String) throws -> [Int32] {
    guard case .array(let ids)? = value["special_tokens"]?[name]?["ids"] else {
      throw fault("\(path).special_tokens has no \"\(name)\" with ids")
    }
    return try ids.map { value in
      guard let id = value.integer, let small = Int32(exactly: id) else {
        throw fault("an id of \(path).special_tokens is \(value.summary)")
      }
      return small
    }
  }

  func array(_ value: JSONValue, _ key: String, _ path: String) throws -> [JSONValue] {
    guard case .array(let values)? = value[key] else { throw fault("\(path).\(key) is not an array") }
    return values
  }

  func string(_ value: JSONValue, _ key: String, _ path: String) throws -> String {
    guard let text = value[key]?.text else { throw fault("\(path).\(key) is not a string") }
    return text
  }

  /// A member that is true or false; `missing` when it is not there, unless that is nil.
  func flag(_ value: JSONValue, _ key: String, _ path: String, missing: Bool? = nil) throws -> Bool {
    guard let found = value[key], !found.isNull else {
      if let missing { return missing }
      throw fault("\(path).\(key) is missing")
    }
    guard let flag = found.bool else { throw fault("\(path).\(key) is \(found.summary), not true or false") }
    return flag
  }
}
