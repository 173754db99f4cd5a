import MohawkFiles

/// The files `vocab.json` and `merges.txt`, from before there was `tokenizer.json`, as what such a file says.
struct LegacyVocabulary {
  private let vocabulary: [UInt8]
  private let merges: [ArraySlice<UInt8>]

  /// - Parameters:
  ///   - vocabulary: the path of `vocab.json`.
  ///   - merges: the path of `merges.txt`.
  init(vocabulary: String, merges: String) throws {
    self.vocabulary = try MappedFile(vocabulary).withBytes { Array($0) }
    try Self.check(self.vocabulary, at: vocabulary)
    self.merges = try MappedFile(merges).withBytes { Array($0) }
      .split(separator: 0x0A)
      .map { $0.last == 0x0D ? $0.dropLast() : $0 }
      .filter { !$0.isEmpty && !$0.starts(with: "#version".utf8) }
  }

  /// The contents of a `tokenizer.json` with the model alone.
  func json() -> [UInt8] {
    var text = Array("{\"model\": {\"type\": \"BPE\", \"vocab\": ".utf8)
    text.append(contentsOf: vocabulary)
    text.append(contentsOf: ", \"merges\": [".utf8)
    for (index, merge) in merges.enumerated() {
      text.append(contentsOf: (index == 0 ? "\n    " : ",\n    ").utf8)
      JSONText.append(merge, to: &text)
    }
    text.append(contentsOf: "]}}\n".utf8)
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
