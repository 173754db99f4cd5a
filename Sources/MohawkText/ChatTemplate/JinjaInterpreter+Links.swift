import RegexBuilder

// The filter `urlize`.
extension JinjaInterpreter {
  func linked(_ value: JinjaValue, _ arguments: JinjaCallValues) throws -> JinjaValue {
    let values = try arguments.matched("urlize", "trim_url_limit", "nofollow", "target", "rel", "extra_schemes")
    if let schemes = values[4], !schemes.isNull { throw JinjaFault.unsupported("`urlize` with `extra_schemes`") }
    func words(_ value: JinjaValue?) throws -> String? {
      guard let value, !value.isNull else { return nil }
      return String(decoding: try printed(value), as: UTF8.self)
    }
    let rel = try words(values[3])?.split(whereSeparator: \.isWhitespace).map(String.init) ?? []
    let rels = Set(rel + (values[1]?.isTrue ?? false ? ["nofollow"] : []) + ["noopener"])
    let limit = try values[0].flatMap { try $0.isNull ? nil : whole($0, "urlize") }
    let maker = LinkMaker(
      limit: limit,
      attributes: " rel=\"\(Self.escaped(rels.sorted().joined(separator: " ")))\""
        + (try words(values[2]).map { $0.isEmpty ? "" : " target=\"\(Self.escaped($0))\"" } ?? ""))
    let bytes = PythonText.escaped(try printed(value))
    guard PythonText.isASCII(bytes) else { throw JinjaFault.unsupported("`urlize` of text beyond ASCII") }
    var result: [UInt8] = []
    var word: [UInt8] = []
    func finish() throws {
      if word.count > 2048 { throw JinjaFault.tooMuch("`urlize` is given a word of more than 2048 characters") }
      try step(8 + word.count)
      result += maker.linked(String(decoding: word, as: UTF8.self)).utf8
      word = []
    }
    for byte in bytes {
      if PythonText.isSpace(Unicode.Scalar(byte)) {
        try finish()
        result.append(byte)
      } else {
        word.append(byte)
      }
    }
    try finish()
    return try string(result)
  }

  private static func escaped(_ text: String) -> String {
    String(decoding: PythonText.escaped(Array(text.utf8)), as: UTF8.self)
  }
}

/// Makes a link of a word that is an address, as Jinja does.
private struct LinkMaker {
  /// Characters of an address that are shown; nil shows all.
  let limit: Int?
  /// What stands in the tag behind the address.
  let attributes: String

  /// - Parameter word: ASCII, escaped for HTML.
  func linked(_ word: String) -> String {
    var middle = word[...]
    var head = ""
    var tail = ""
    while let open = ["(", "<", "&lt;"].first(where: middle.hasPrefix) {
      head += open
      middle = middle.dropFirst(open.count)
    }
    while let close = [")", ">", ".", ",", "&gt;"].first(where: middle.hasSuffix) {
      tail = close + tail
      middle = middle.dropLast(close.count)
    }
    // Brackets that the address opens are its own.
    for (open, close) in [("(", ")"), ("<", ">"), ("&lt;", "&gt;")] {
      let opened = Self.count(open, in: middle)
      guard opened > Self.count(close, in: middle) else { continue }
      for _ in 0..<min(opened, Self.count(close, in: tail[...])) {
        let end = tail.firstRange(of: close)!.upperBound
        middle = (String(middle) + tail[..<end])[...]
        tail = String(tail[end...])
      }
    }
    return head + link(String(middle)) + tail
  }

  private func link(_ text: String) -> String {
    if Self.isAddress(text) {
      let scheme = text.hasPrefix("https://") || text.hasPrefix("http://") ? "" : "https://"
      let shown = limit.map { text.count > $0 ? Self.beginning(text, $0) + "..." : text } ?? text
      return "<a href=\"\(scheme)\(text)\"\(attributes)>\(shown)</a>"
    }
    if text.hasPrefix("mailto:"), Self.isMail(String(text.dropFirst(7))) {
      return "<a href=\"\(text)\">\(text.dropFirst(7))</a>"
    }
    if text.contains("@"), !text.hasPrefix("www."), !text.hasPrefix("@"), !text.contains(":"), Self.isMail(text) {
      return "<a href=\"mailto:\(text)\">\(text)</a>"
    }
    return text
  }

  /// Python's `text[:count]`.
  private static func beginning(_ text: String, _ count: Int) -> String {
    String(count < 0 ? text.dropLast(-count) : text.prefix(count))
  }

  private static func count(_ part: String, in text: Substring) -> Int { text.ranges(of: part).count }

  private static func isAddress(_ text: String) -> Bool {
    let port = /(?::[0-9]{1,5})?(?:[\/?#].*)?/
    let named = /(?:https?:\/\/|www\.)(?:(?:[A-Za-z0-9_%-]+\.)+)?(?:[a-z]{2,63}|xn--[A-Za-z0-9_%]{2,59})/.ignoresCase()
    let bare = /(?:[A-Za-z0-9_%-]{2,63}\.)+(?:com|net|int|edu|gov|org|info|mil)/.ignoresCase()
    let numbered =
      /https?:\/\/(?:[0-9]{1,3}(?:\.[0-9]{1,3}){3}|\[(?:[0-9a-f]{0,4}:){2}(?:[0-9a-f]{0,4}:?){1,6}\])/.ignoresCase()
    return [named, bare, numbered].contains { host in
      text.wholeMatch(
        of: Regex {
          host; port
        }) != nil
    }
  }

  private static func isMail(_ text: String) -> Bool {
    text.wholeMatch(of: /.+@[A-Za-z0-9_][A-Za-z0-9_.-]*\.[A-Za-z0-9_]+/) != nil
  }
}
