import MohawkFiles

/// A `tokenizer.json`, parsed. The long lists are read as they come, the rest is kept as JSON.
struct TokenizerFile {
  /// Longer files are refused; the largest vocabularies in use take 40 MB.
  private static let longest = 1 << 30
  /// A section other than the vocabulary, the merges and the added tokens is shorter than this.
  private static let longestSection = 1 << 20
  /// Bytes of such a file for each entry of the vocabulary, at least: a merge goes with most of them.
  private static let bytesOfEntry = 32

  let location: String
  private(set) var sections: [String: JSONValue] = [:]
  private(set) var modelOptions: [String: JSONValue] = [:]
  private(set) var vocabulary: Vocabulary?
  private(set) var merges: MergeSpellings?
  private(set) var added: [AddedToken] = []

  init(_ bytes: UnsafeBufferPointer<UInt8>, _ location: String) throws {
    self.location = location
    if bytes.count > Self.longest { throw fault("the file is larger than a tokenizer can be") }
    guard String(validating: bytes, as: UTF8.self) != nil else { throw fault("the file is not UTF-8") }
    do {
      var reader = JSONReader(bytes)
      guard try reader.peek() == UInt8(ascii: "{") else { throw fault("the file does not hold a JSON object") }
      try reader.object(depth: 0) { reader, key in
        switch String(decoding: key, as: UTF8.self) {
        case "model": try readModel(&reader)
        case "added_tokens": try readAddedTokens(&reader)
        case "version", "normalizer", "pre_tokenizer", "post_processor", "decoder":
          sections[String(decoding: key, as: UTF8.self)] = try section(&reader, depth: 1)
        default: try reader.skip(depth: 1)
        }
      }
      try reader.end()
    } catch let fault as JSONFault {
      throw MohawkError(.invalidFormat, "\(fault.message) (byte \(fault.offset))", at: location)
    }
  }

  private mutating func readModel(_ reader: inout JSONReader) throws {
    modelOptions = [:]
    vocabulary = nil
    merges = nil
    guard try reader.peek() == UInt8(ascii: "{") else { throw fault("model is not an object") }
    try reader.object(depth: 1) { reader, key in
      switch String(decoding: key, as: UTF8.self) {
      case "vocab": vocabulary = try readVocabulary(&reader)
      case "merges": merges = try readMerges(&reader)
      case let name: modelOptions[name] = try section(&reader, depth: 2)
      }
    }
  }

  private func readVocabulary(_ reader: inout JSONReader) throws -> Vocabulary? {
    if let type = modelOptions["type"], type.text != "BPE" {
      try reader.skip(depth: 2)
      return nil
    }
    guard try reader.peek() == UInt8(ascii: "{") else { throw fault("model.vocab is not an object") }
    var vocabulary = Vocabulary(expecting: reader.bytes.count / Self.bytesOfEntry)
    try reader.object(depth: 2) { reader, key in
      func name() -> String { "\"\(String(decoding: key.prefix(60), as: UTF8.self))\"" }
      func number() throws -> Int {
        if let number = try reader.shortNumber() { return number }
        let value = try isDigit(reader.peek()) ? reader.value() : section(&reader, depth: 3)
        if let number = value.integer { return number }
        throw fault("the id of the token \(name()) is \(value.summary), not an integer")
      }
      let id = try number()
      guard let small = Int32(exactly: id), small >= 0 else {
        throw MohawkError(.outOfRange, "the token \(name()) has the id \(id), which no token can have", at: location)
      }
      guard vocabulary.insert(key, id: small) else {
        throw fault("the token \(name()) stands twice in the vocabulary")
      }
    }
    return vocabulary
  }

  private func readMerges(_ reader: inout JSONReader) throws -> MergeSpellings {
    guard try reader.peek() == UInt8(ascii: "[") else { throw fault("model.merges is not an array") }
    var merges = MergeSpellings(expecting: reader.bytes.count / Self.bytesOfEntry)
    try reader.array(depth: 2) { reader in
      let rank = merges.count
      func notTwo() -> MohawkError { fault("merge \(rank) is not two tokens") }
      switch try reader.peek() {
      case UInt8(ascii: "\""):
        try reader.withString { _, text in
          guard let cut = text.firstIndex(of: 0x20), !text[(cut + 1)...].contains(0x20) else { throw notTwo() }
          merges.append(UnsafeBufferPointer(rebasing: text[..<cut]), UnsafeBufferPointer(rebasing: text[(cut + 1)...]))
        }
      case UInt8(ascii: "["):
        var sides = 0
        try reader.array(depth: 3) { reader in
          guard try reader.peek() == UInt8(ascii: "\""), sides < 2 else { throw notTwo() }
          try reader.withString { _, text in merges.append(side: text) }
          sides += 1
        }
        if sides != 2 { throw notTwo() }
      default: throw fault("merge \(rank) is \(try section(&reader, depth: 3).summary), not two tokens")
      }
    }
    return merges
  }

  /// The added tokens of a `tokenizer.json` whose other parts do not matter.
  static func addedTokens(_ source: [UInt8], _ location: String) throws -> [AddedToken] {
    guard let place = try places(in: source, location)["added_tokens"] else { return [] }
    let list = Array("{\"added_tokens\": ".utf8) + source[place] + Array("}".utf8)
    return try list.withUnsafeBufferPointer { try TokenizerFile($0, location).added }
  }

  private mutating func readAddedTokens(_ reader: inout JSONReader) throws {
    added = []
    if try reader.peek() == UInt8(ascii: "n") { return try reader.skip() }
    guard try reader.peek() == UInt8(ascii: "[") else { throw fault("added_tokens is not an array") }
    try reader.array(depth: 1) { reader in
      added.append(try addedToken(try section(&reader, depth: 2), "added_tokens[\(added.count)]"))
    }
  }

  private func addedToken(_ value: JSONValue, _ name: String) throws -> AddedToken {
    guard value["id"]?.integer != nil, let content = value["content"]?.text else {
      throw fault("\(name) has no id and content")
    }
    func flag(_ key: String) throws -> Bool {
      guard let value = value[key] else { return false }
      guard let flag = value.bool else { throw fault("\(name).\(key) is \(value.summary), not true or false") }
      return flag
    }
    return AddedToken(
      id: value["id"]?.integer.flatMap { Int32(exactly: $0) } ?? -1, content: content,
      singleWord: try flag("single_word"), stripsLeft: try flag("lstrip"),
      stripsRight: try flag("rstrip"), normalized: try flag("normalized"), special: try flag("special"))
  }

  /// A value of bounded length, so that what it becomes in memory is bounded too.
  private func section(_ reader: inout JSONReader, depth: Int) throws -> JSONValue {
    var end = reader
    try end.skip(depth: depth)
    if end.offset - reader.offset > Self.longestSection {
      throw fault("a value of \(end.offset - reader.offset) bytes stands where a short one belongs")
    }
    return try reader.value(depth: depth)
  }

  private func isDigit(_ byte: UInt8) -> Bool { byte &- 0x30 < 10 }

  func fault(_ message: String) -> MohawkError {
    MohawkError(.invalidFormat, message, at: location)
  }

  /// What is not supported, by the path of its key.
  func refusal(_ path: String, _ value: JSONValue) -> MohawkError {
    MohawkError(
      .unsupported, "\(path) is \(value["type"].map(\.summary) ?? value.summary), which is not supported", at: location,
      remedy: "use a byte-pair tokenizer like those of GPT-2, Phi, Pythia, Llama, Mistral or Qwen")
  }
}
