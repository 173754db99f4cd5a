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
    return try json(source, with: "added_tokens", list, location: location)
  }

  /// The contents of a JSON file with another value of one member at the top, everything else byte by byte as it was.
  static func json(_ source: [UInt8], with key: String, _ value: [UInt8], location: String) throws -> [UInt8] {
    if let place = try places(in: source, location)[key] {
      return source[..<place.lowerBound] + value + source[place.upperBound...]
    }
    guard let brace = source.firstIndex(of: UInt8(ascii: "{")) else { return source }
    let rest = source[(brace + 1)...]
    let isEmpty = rest.first { ![0x20, 0x09, 0x0A, 0x0D].contains($0) } == UInt8(ascii: "}")
    return source[...brace] + Array("\"\(key)\": ".utf8) + value + Array((isEmpty ? "" : ", ").utf8) + rest
  }

  /// The contents of a `tokenizer.json` without its long lists, to look at everything else.
  static func withoutVocabulary(_ source: [UInt8], _ location: String) throws -> [UInt8] {
    guard let model = try places(in: source, location)["model"] else { return source }
    var section = Array(source[model])
    for (key, empty) in [("vocab", "{}"), ("merges", "[]")] {
      guard let place = try places(in: section, location)[key] else { continue }
      section.replaceSubrange(place, with: Array(empty.utf8))
    }
    return source[..<model.lowerBound] + section + source[model.upperBound...]
  }

  /// Where the values of the members at the top lie; of a repeated one the last.
  static func places(in source: [UInt8], _ location: String) throws -> [String: Range<Int>] {
    try source.withUnsafeBufferPointer { bytes in
      var reader = JSONReader(bytes)
      var places: [String: Range<Int>] = [:]
      do {
        guard try reader.peek() == UInt8(ascii: "{") else { throw reader.fault("this is no object") }
        try reader.object(depth: 0) { reader, key in
          _ = try reader.peek()
          let start = reader.offset
          try reader.skip(depth: 1)
          places[String(decoding: key, as: UTF8.self)] = start..<reader.offset
        }
      } catch let fault as JSONFault {
        throw MohawkError(.invalidFormat, "\(fault.message) (byte \(fault.offset))", at: location)
      }
      return places
    }
  }
}
