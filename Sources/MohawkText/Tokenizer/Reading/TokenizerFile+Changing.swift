import MohawkFiles

extension TokenizerFile {
  /// The contents of a `tokenizer.json` with other added tokens, everything else byte by byte as it was.
  static func json(_ source: [UInt8], withAddedTokens tokens: [AddedToken], location: String) throws -> [UInt8] {
    var list = Array("[".utf8)
    for (index, token) in tokens.enumerated() {
      list.append(contentsOf: "\(index == 0 ? "" : ",")\n    {\"id\": \(max(token.id, 0)), \"content\": ".utf8)
      JSONText.append(token.content.utf8, to: &list)
      let flags = [
        ("single_word", token.singleWord), ("lstrip", token.stripsLeft), ("rstrip", token.stripsRight),
        ("normalized", token.normalized), ("special", token.special),
      ]
      list.append(contentsOf: flags.map { ", \"\($0.0)\": \($0.1)" }.joined().utf8)
      list.append(UInt8(ascii: "}"))
    }
    list.append(contentsOf: "\n  ]".utf8)
    if let place = try place(of: "added_tokens", in: source, location) {
      return source[..<place.lowerBound] + list + source[place.upperBound...]
    }
    guard let brace = source.firstIndex(of: UInt8(ascii: "{")) else { return source }
    return source[...brace] + Array("\"added_tokens\": ".utf8) + list + Array(",".utf8) + source[(brace + 1)...]
  }

  /// The contents of a `tokenizer.json` whose byte-level pre-tokenizer puts a space before a text, or does not.
  static func json(_ source: [UInt8], withPrefixSpace wanted: Bool, location: String) throws -> [UInt8] {
    guard let place = try place(of: "pre_tokenizer", in: source, location) else { return source }
    let section = String(decoding: source[place], as: UTF8.self)
    let changed = section.replacing(/"add_prefix_space"\s*:\s*(true|false)/, with: "\"add_prefix_space\": \(wanted)")
    let isSame = section.matches(of: /"add_prefix_space"\s*:\s*(true|false)/).allSatisfy { $0.1 == "\(wanted)" }
    return isSame ? source : source[..<place.lowerBound] + Array(changed.utf8) + source[place.upperBound...]
  }

  /// Where the value of a member at the top lies; of a repeated one the last.
  private static func place(of wanted: String, in source: [UInt8], _ location: String) throws -> Range<Int>? {
    try source.withUnsafeBufferPointer { bytes in
      var reader = JSONReader(bytes)
      var place: Range<Int>?
      do {
        try reader.object(depth: 0) { reader, key in
          _ = try reader.peek()
          let start = reader.offset
          try reader.skip(depth: 1)
          if String(decoding: key, as: UTF8.self) == wanted { place = start..<reader.offset }
        }
      } catch let fault as JSONFault {
        throw MohawkError(.invalidFormat, "\(fault.message) (byte \(fault.offset))", at: location)
      }
      return place
    }
  }
}
