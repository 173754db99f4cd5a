/// Cuts a template into tokens, with `trim_blocks` and `lstrip_blocks` on, as `transformers` sets them: the line
/// break after a tag goes, and so do the blanks before a tag that begins its line. `-` strips more, `+` nothing.
///
/// Source: the Jinja 3.1 template documentation, "Whitespace Control".
struct JinjaLexer {
  let source: [UInt8]
  private(set) var position = 0
  private(set) var line = 1
  /// Whether the last thing ended with a line break.
  private var lineStarts = true
  private var tokens: [JinjaToken] = []
  private var brackets: [UInt8] = []

  /// The tokens of `text`; the last one is `.end`.
  static func tokens(_ text: String) throws -> [JinjaToken] {
    var lexer = JinjaLexer(text)
    try lexer.run()
    return lexer.tokens
  }

  /// Line breaks become `\n`; one at the very end is dropped.
  private init(_ text: String) {
    source = Self.lineBreaks(Array(text.utf8), dropLast: true)
  }

  private static func lineBreaks(_ bytes: [UInt8], dropLast: Bool = false) -> [UInt8] {
    var result: [UInt8] = []
    result.reserveCapacity(bytes.count)
    var previous: UInt8 = 0
    for byte in bytes {
      if byte == 0x0D {
        result.append(0x0A)
      } else if byte != 0x0A || previous != 0x0D {
        result.append(byte)
      }
      previous = byte
    }
    if dropLast, result.last == 0x0A { result.removeLast() }
    return result
  }

  private mutating func run() throws {
    while position < source.count {
      guard let tag = nextTag() else {
        add(.data(Array(source[position...])))
        break
      }
      let sign = at(tag + 2, "-") || at(tag + 2, "+") ? source[tag + 2] : 0
      data(upTo: tag, sign: sign)
      let opening = source[tag + 1]
      if opening == UInt8(ascii: "%"), let body = rawBody(after: tag + 2 + (sign == 0 ? 0 : 1)) {
        moved(to: body)
        try raw()
        continue
      }
      moved(to: tag + 2 + (sign == 0 ? 0 : 1))
      switch opening {
      case UInt8(ascii: "#"): try comment()
      case UInt8(ascii: "%"):
        add(.blockBegin)
        try inside(closing: "%")
      default:
        add(.variableBegin)
        try inside(closing: "}")
      }
    }
    add(.end)
  }

  private func at(_ position: Int, _ text: StaticString) -> Bool {
    let count = text.utf8CodeUnitCount
    guard position >= 0, position + count <= source.count else { return false }
    for index in 0..<count where source[position + index] != text.utf8Start[index] { return false }
    return true
  }

  mutating func add(_ kind: JinjaToken.Kind) { tokens.append(JinjaToken(kind: kind, line: line)) }

  /// Goes on at `end`, counting lines.
  mutating func moved(to end: Int) {
    for index in position..<end where source[index] == 0x0A { line += 1 }
    if end > position { lineStarts = source[end - 1] == 0x0A }
    position = end
  }

  private func nextTag() -> Int? {
    var index = position
    while index + 1 < source.count {
      if source[index] == UInt8(ascii: "{") {
        let next = source[index + 1]
        if next == UInt8(ascii: "%") || next == UInt8(ascii: "{") || next == UInt8(ascii: "#") { return index }
      }
      index += 1
    }
    return nil
  }

  /// The text before a tag; `sign` is the `-` or `+` of the tag.
  private mutating func data(upTo end: Int, sign: UInt8, isVariable: Bool? = nil) {
    var text = Array(source[position..<end])
    if sign == UInt8(ascii: "-") {
      text = PythonText.trimmed(text, left: false)
    } else if sign == 0, !(isVariable ?? (source[end + 1] == UInt8(ascii: "{"))) {
      let start = (text.lastIndex(of: 0x0A) ?? -1) + 1
      if start > 0 || lineStarts, PythonText.trimmed(Array(text[start...])).isEmpty { text.removeSubrange(start...) }
    }
    if !text.isEmpty { add(.data(text)) }
    moved(to: end)
  }

  private func spaceEnd(_ start: Int) -> Int { PythonText.spaceEnd(source, from: start) }

  /// The end of `-%}` with the space after it, of `+%}`, or of `%}` with a line break after it.
  private func closeEnd(_ start: Int, _ closing: UInt8, trims: Bool) -> Int? {
    func closes(_ index: Int) -> Bool {
      index + 1 < source.count && source[index] == closing && source[index + 1] == UInt8(ascii: "}")
    }
    if at(start, "-"), closes(start + 1) { return spaceEnd(start + 3) }
    if trims, at(start, "+"), closes(start + 1) { return start + 3 }
    guard closes(start) else { return nil }
    return trims && at(start + 2, "\n") ? start + 3 : start + 2
  }

  private mutating func comment() throws {
    let start = line
    for index in position..<source.count {
      if let end = closeEnd(index, UInt8(ascii: "#"), trims: true) { return moved(to: end) }
    }
    throw JinjaFault("a comment is not closed", line: start)
  }
}

// Raw blocks.
extension JinjaLexer {
  private func word(_ word: StaticString, at start: Int) -> Int? {
    let begin = spaceEnd(start)
    guard at(begin, word) else { return nil }
    return spaceEnd(begin + word.utf8CodeUnitCount)
  }

  private func rawBody(after start: Int) -> Int? {
    guard let end = word("raw", at: start) else { return nil }
    if at(end, "-%}") { return spaceEnd(end + 3) }
    return at(end, "%}") ? end + 2 : nil
  }

  private mutating func raw() throws {
    let start = line
    for index in position..<source.count where at(index, "{%") {
      let sign = at(index + 2, "-") || at(index + 2, "+") ? source[index + 2] : 0
      guard let name = word("endraw", at: index + 2 + (sign == 0 ? 0 : 1)),
        let end = closeEnd(name, UInt8(ascii: "%"), trims: true)
      else { continue }
      data(upTo: index, sign: sign, isVariable: false)
      return moved(to: end)
    }
    throw JinjaFault("a raw block is not closed", line: start)
  }
}

// Expressions.
extension JinjaLexer {
  /// The tokens up to the end of the tag.
  private mutating func inside(closing: Unicode.Scalar) throws {
    let isBlock = closing == "%"
    brackets = []
    let start = line
    while position < source.count {
      if brackets.isEmpty, let end = closeEnd(position, UInt8(ascii: closing), trims: isBlock) {
        add(isBlock ? .blockEnd : .variableEnd)
        return moved(to: end)
      }
      let space = spaceEnd(position)
      if space > position {
        moved(to: space)
      } else {
        try token()
      }
    }
    throw JinjaFault("a tag is not closed", line: start)
  }

  private mutating func token() throws {
    let byte = source[position]
    switch byte {
    case UInt8(ascii: "0")...UInt8(ascii: "9"): try number()
    case UInt8(ascii: "'"), UInt8(ascii: "\""): try string()
    case UInt8(ascii: "_"), UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"), 0x80...:
      try name()
    default: try symbol(byte)
    }
  }

  private mutating func name() throws {
    var end = position
    while end < source.count, Self.isPlain(source[end]) { end += 1 }
    if end == source.count || source[end] < 0x80 {
      add(.name(String(decoding: source[position..<end], as: UTF8.self)))
      return moved(to: end)
    }
    let text = String(decoding: source[position..<min(source.count, end + 1024)], as: UTF8.self).unicodeScalars
    guard let first = text.first, first == "_" || first.properties.isXIDStart else {
      throw JinjaFault("a character that cannot stand here", line: line)
    }
    let name = String(text.prefix { $0.properties.isXIDContinue })
    if name.utf8.count > 512 { throw JinjaFault.tooMuch("a name of more than 512 bytes", line: line) }
    add(.name(name))
    moved(to: position + name.utf8.count)
  }

  /// Whether this is an ASCII letter, a digit or an underscore.
  private static func isPlain(_ byte: UInt8) -> Bool {
    switch byte {
    case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, 0x5F: true
    default: false
    }
  }

  private mutating func symbol(_ byte: UInt8) throws {
    let pairs: [StaticString] = ["//", "**", "==", "!=", ">=", "<="]
    if let pair = pairs.first(where: { at(position, $0) }) {
      add(.symbol("\(pair)"))
      return moved(to: position + 2)
    }
    guard "+-/*%~[](){}><=.:|,;".utf8.contains(byte) else {
      throw JinjaFault("'\(Unicode.Scalar(byte))' cannot stand here", line: line)
    }
    switch byte {
    case UInt8(ascii: "("): brackets.append(UInt8(ascii: ")"))
    case UInt8(ascii: "["): brackets.append(UInt8(ascii: "]"))
    case UInt8(ascii: "{"): brackets.append(UInt8(ascii: "}"))
    case UInt8(ascii: ")"), UInt8(ascii: "]"), UInt8(ascii: "}"):
      guard brackets.popLast() == byte else {
        throw JinjaFault("'\(Unicode.Scalar(byte))' closes nothing", line: line)
      }
    default: break
    }
    add(.symbol(String(Unicode.Scalar(byte))))
    moved(to: position + 1)
  }
}
