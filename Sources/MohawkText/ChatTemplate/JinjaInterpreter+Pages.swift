// Filters that are made for web pages, and `pprint`.
extension JinjaInterpreter {
  func wrapped(_ value: JinjaValue, _ arguments: JinjaCallValues) throws -> JinjaValue {
    let values = try arguments.matched("wordwrap", "width", "break_long_words", "wrapstring", "break_on_hyphens")
    guard case .string(let bytes) = value else { throw misfit(value, "wordwrap") }
    let wrapping = PythonWrapping(
      width: try whole(values[0], "wordwrap") ?? 79, breaksLongWords: values[1]?.isTrue ?? true,
      breaksOnHyphens: values[3]?.isTrue ?? true)
    guard wrapping.width > 0 else { throw JinjaFault("`wordwrap` has a width below 1", code: .invalidValue) }
    let between: [UInt8] = if case .string(let text)? = values[2] { text } else { [0x0A] }
    try step(bytes.count)
    let lines = PythonText.lines(bytes).map { line in
      Array(wrapping.lines(PythonText.scalars(line)).map { PythonText.bytes($0) }.joined(separator: between))
    }
    try spend(lines.count * between.count)
    return try string(Array(lines.joined(separator: between)))
  }

  /// A value as Python's `pprint` writes it, where that is one line.
  func prettyPrinted(_ value: JinjaValue, _ arguments: JinjaCallValues) throws -> JinjaValue {
    _ = try arguments.matched("pprint")
    let text = try printed(try list([try sortedByKeys(value)])).dropFirst().dropLast()
    guard PythonText.length(text) <= 80 else { throw JinjaFault.unsupported("`pprint` of more than one line") }
    return try string(Array(text))
  }

  private func sortedByKeys(_ value: JinjaValue) throws -> JinjaValue {
    try enter()
    defer { leave() }
    switch value {
    case .list(let items): return try list(try items.values.map(sortedByKeys))
    case .tuple(let items): return try tuple(try items.values.map(sortedByKeys))
    case .dictionary(let dictionary):
      let keyed = try dictionary.entries.map { entry in
        guard case .string(let bytes) = entry.key else {
          throw JinjaFault.unsupported("`pprint` of keys that are no text")
        }
        return (key: PythonText.scalars(bytes), entry: entry)
      }
      let entries = keyed.sorted { $0.key.lexicographicallyPrecedes($1.key) }.map(\.entry)
      return try self.dictionary(try entries.map { ($0.key, try sortedByKeys($0.value)) })
    case .null, .bool, .integer, .float, .string: return value
    default: throw JinjaFault.unsupported("`pprint` of a value of type \(value.type)")
    }
  }

  /// Text without comments and tags, as MarkupSafe strips them: spaces collapsed, then references to characters resolved.
  func withoutTags(_ bytes: [UInt8]) throws -> [UInt8] {
    var kept: [UInt8] = []
    var place = 0
    while let start = PythonText.find(Array("<".utf8), in: bytes, from: place) {
      try step()
      let close = Array((bytes[start...].starts(with: "<!--".utf8) ? "-->" : ">").utf8)
      guard let end = PythonText.find(close, in: bytes, from: start + (close.count > 1 ? 4 : 0)) else { break }
      kept += bytes[place..<start]
      place = end + close.count
    }
    let text = kept + bytes[place...]
    let words = PythonText.split(text, nil, limit: -1, fromRight: false)
    return try resolved(Array(words.joined(separator: [0x20])))
  }

  /// References such as `&lt;` and `&#39;` as characters. Names that HTML has beyond the usual ones are refused.
  private func resolved(_ bytes: [UInt8]) throws -> [UInt8] {
    let names = ["amp": "&", "lt": "<", "gt": ">", "quot": "\"", "apos": "'", "nbsp": "\u{A0}"]
    var result: [UInt8] = []
    var rest = bytes[...]
    while let start = rest.firstIndex(of: UInt8(ascii: "&")) {
      try step()
      result += rest[..<start]
      rest = rest[(start + 1)...]
      let name = rest.prefix { $0 != UInt8(ascii: ";") && $0 != UInt8(ascii: "&") && $0 > 0x20 && $0 != 0x3C }
      let isEnded = name.endIndex < rest.endIndex && rest[name.endIndex] == UInt8(ascii: ";")
      let text = String(decoding: name, as: UTF8.self)
      if isEnded, let character = names[text] ?? Self.character(text) {
        result += character.utf8
        rest = rest[(name.endIndex + 1)...]
      } else if name.first == UInt8(ascii: "#") || name.count > 1 && PythonText.isLetterASCII(name.first!) {
        throw JinjaFault.unsupported("`striptags` of text with the reference '&\(text.prefix(32))'")
      } else {
        result.append(UInt8(ascii: "&"))
      }
    }
    return result + rest
  }

  /// The character of a number such as `#39` or `#x27`, of those that HTML does not change.
  private static func character(_ name: String) -> String? {
    let isHexadecimal = name.hasPrefix("#x") || name.hasPrefix("#X")
    guard name.hasPrefix("#"), name.utf8.count < 10,
      let number = UInt32(name.dropFirst(isHexadecimal ? 2 : 1), radix: isHexadecimal ? 16 : 10),
      (0x20...0x7E).contains(number) || (0xA0...0xFDCF).contains(number), let scalar = Unicode.Scalar(number)
    else { return nil }
    return String(scalar)
  }
}

extension PythonText {
  static func isLetterASCII(_ byte: UInt8) -> Bool { (0x41...0x5A).contains(byte & 0xDF) }
}
