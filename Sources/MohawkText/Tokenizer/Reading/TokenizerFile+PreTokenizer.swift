extension TokenizerFile {
  func preTokenizer(_ value: JSONValue) throws -> PreTokenizer {
    var builder = PreTokenizerBuilder(file: self)
    if !value.isNull { try builder.add(value, "pre_tokenizer") }
    let names = builder.names.joined(separator: "|")
    return PreTokenizer(builder.steps, isByteLevel: builder.isByteLevel, description: names)
  }

  func metaspace(_ value: JSONValue, _ path: String) throws -> Metaspace {
    let scalars = Array(try string(value, "replacement", path).unicodeScalars)
    guard scalars.count == 1 else { throw fault("\(path).replacement is not one character") }
    var prepending = Metaspace.Prepending.always
    if let scheme = value["prepend_scheme"], !scheme.isNull {
      guard let known = scheme.text.flatMap(Metaspace.Prepending.init(rawValue:)) else {
        throw refusal("\(path).prepend_scheme", scheme)
      }
      prepending = known
    }
    if try !flag(value, "add_prefix_space", path, missing: true) {
      guard prepending == .never else { throw fault("\(path).add_prefix_space does not fit its prepend_scheme") }
    }
    return Metaspace(
      replacement: scalars[0], prepending: prepending, splits: try flag(value, "split", path, missing: true))
  }

  /// `{"String": ..}` or `{"Regex": ..}`, which is compiled.
  func pattern(_ value: JSONValue, _ path: String) throws -> (pattern: TextPattern, source: String, isRegex: Bool) {
    if let literal = value["String"]?.text {
      if literal.isEmpty { throw refusal(path, .string([])) }
      return (TextPattern(literal: literal), literal, false)
    }
    guard let source = value["Regex"]?.text else { throw fault("\(path) is neither a String nor a Regex") }
    do {
      return (try TextPattern(source), source, true)
    } catch let error as TextPatternFault {
      throw fault(
        "\(path) is the regular expression \"\(source.prefix(300))\", which is not supported: \(error.message)",
        .unsupported)
    }
  }
}

/// Collects the steps of a pre-tokenizer, and its settings in words.
private struct PreTokenizerBuilder {
  let file: TokenizerFile
  var steps: [PreTokenizer.Step] = []
  var names: [String] = []
  var isByteLevel = false

  mutating func add(_ value: JSONValue, _ path: String) throws {
    // After the byte alphabet other steps would see spellings instead of text.
    if isByteLevel { throw file.refusal("\(path) (after ByteLevel)", value) }
    switch value["type"]?.text {
    case "Sequence":
      for (index, part) in try file.array(value, "pretokenizers", path).enumerated() {
        try add(part, "\(path).pretokenizers[\(index)]")
      }
    case "ByteLevel": try addByteLevel(value, path)
    case "Split": try addSplit(value, path)
    case "Metaspace":
      let metaspace = try file.metaspace(value, path)
      add(.metaspace(metaspace), "metaspace \(metaspace.replacement.value) \(metaspace.prepending) \(metaspace.splits)")
    case "Digits":
      let individual = try file.flag(value, "individual_digits", path)
      add(.split(.characters(.number), individual ? .isolated : .contiguous, inverted: false), "digits \(individual)")
    case "Punctuation":
      let behavior = try self.behavior(value["behavior"] ?? .string(Array("Isolated".utf8)), "\(path).behavior")
      add(.split(.characters(.punctuation), behavior, inverted: false), "punctuation \(behavior)")
    case "Whitespace": add(.split(.wordsAndSigns, .removed, inverted: true), "whitespace")
    case "WhitespaceSplit": add(.split(.characters(.space), .removed, inverted: false), "spaces")
    default: throw file.refusal(path, value)
    }
  }

  private mutating func add(_ step: PreTokenizer.Step, _ name: String) {
    steps.append(step)
    names.append(name)
  }

  private mutating func addByteLevel(_ value: JSONValue, _ path: String) throws {
    let hasPrefix = try file.flag(value, "add_prefix_space", path)
    _ = try file.flag(value, "trim_offsets", path, missing: true)
    if hasPrefix { add(.leadingSpace, "space") }
    if try file.flag(value, "use_regex", path, missing: true) {
      add(.words(.gpt2), "gpt2")
    } else {
      names.append("bytes")
    }
    isByteLevel = true
  }

  private mutating func addSplit(_ value: JSONValue, _ path: String) throws {
    let behavior = try behavior(value["behavior"] ?? .null, "\(path).behavior")
    let inverted = try file.flag(value, "invert", path)
    let (pattern, source, isRegex) = try file.pattern(value["pattern"] ?? .null, "\(path).pattern")
    let name = "split \(behavior.rawValue) \(inverted) \(isRegex) \(source)"
    guard isRegex, let scanner = WordScanner(pattern: source) else {
      return add(.split(.pattern(pattern), behavior, inverted: inverted), name)
    }
    // The words of these patterns cover the text: what is kept is the matches either way.
    if behavior == .isolated || (behavior == .removed && inverted) {
      add(.words(scanner), name)
    } else {
      add(.split(.scanner(scanner), behavior, inverted: inverted), name)
    }
  }

  private func behavior(_ value: JSONValue, _ path: String) throws -> SplitBehavior {
    guard let behavior = value.text.flatMap(SplitBehavior.init(rawValue:)) else { throw file.refusal(path, value) }
    return behavior
  }
}
