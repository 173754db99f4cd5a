import Foundation

// Filters that write a value in another form.
extension JinjaInterpreter {
  func textFilter(_ value: JinjaValue, _ name: String, _ arguments: JinjaCallValues) throws -> JinjaValue {
    switch name {
    case "escape", "e":
      _ = try arguments.matched(name)
      if case .markup = value { return value }
      return try markup(PythonText.escaped(try printed(value)))
    case "forceescape":
      _ = try arguments.matched(name)
      return try markup(PythonText.escaped(try printed(value)))
    case "center":
      let width = try whole(try arguments.matched(name, "width")[0], name) ?? 80
      return try string(try padded(try printed(value), to: width, with: " ", left: true, right: true))
    case "format":
      if !arguments.positional.isEmpty, !arguments.named.isEmpty {
        throw JinjaFault("`format` takes arguments either with names or without", code: .invalidValue)
      }
      let values =
        arguments.named.isEmpty
        ? try tuple(arguments.positional) : try dictionary(arguments.named.map { (.text($0.name), $0.value) })
      return try percentFormatted(try printed(value), values)
    case "round": return try rounded(value, arguments)
    case "truncate": return try truncated(value, arguments)
    case "urlencode": return try urlEncoded(value, arguments)
    case "wordcount":
      _ = try arguments.matched(name)
      return .integer(PythonText.wordCount(try printed(value)))
    case "filesizeformat": return try fileSize(value, arguments)
    case "xmlattr": return try attributes(value, arguments)
    case "wordwrap": return try wrapped(value, arguments)
    case "urlize": return try linked(value, arguments)
    case "striptags":
      _ = try arguments.matched(name)
      return try string(try withoutTags(try printed(value)))
    case "pprint": return try prettyPrinted(value, arguments)
    default: throw JinjaFault.unsupported("the filter `\(name)`")
    }
  }

  private func markup(_ bytes: [UInt8]) throws -> JinjaValue {
    try spend(bytes.count)
    return .markup(bytes)
  }

  func whole(_ value: JinjaValue?, _ name: String) throws -> Int? {
    guard let value else { return nil }
    guard let number = value.wholeNumber else {
      throw JinjaFault("`\(name)` takes whole numbers, not a value of type \(value.type)", code: .invalidValue)
    }
    return number
  }

  /// Text with characters on its sides, so that it has `width`.
  func padded(
    _ bytes: [UInt8], to width: Int, with fill: Unicode.Scalar, left: Bool, right: Bool
  ) throws -> [UInt8] {
    let missing = width - PythonText.length(bytes)
    if missing <= 0 { return bytes }
    try spend(missing)
    // Python's `str.center` gives an odd space to the left only in an odd width.
    let before = left && right ? missing / 2 + (missing & width & 1) : left ? missing : 0
    func side(_ count: Int) -> [UInt8] { PythonText.bytes([Unicode.Scalar](repeating: fill, count: count)) }
    return side(before) + bytes + side(missing - before)
  }

  /// `center`, `ljust`, `rjust`, `zfill` and `expandtabs` of a string.
  func widened(_ bytes: [UInt8], _ name: String, _ arguments: JinjaCallValues) throws -> JinjaValue {
    if name == "expandtabs" {
      let width = try whole(try arguments.matched(name, "tabsize")[0], name) ?? 8
      if width > 1_024 { throw JinjaFault.tooMuch("`expandtabs` is given more than 1024") }
      try spend(bytes.count { $0 == 0x09 } * max(0, width))
      return try string(PythonText.withoutTabs(bytes, width: width))
    }
    let values = try arguments.matched(name, " width", " fill")
    guard let width = try whole(values[0], name) else {
      throw JinjaFault("`\(name)` lacks an argument", code: .invalidValue)
    }
    if name == "zfill" {
      let sign = bytes.first == UInt8(ascii: "-") || bytes.first == UInt8(ascii: "+") ? 1 : 0
      let digits = try padded(Array(bytes.dropFirst(sign)), to: width - sign, with: "0", left: true, right: false)
      return try string(bytes.prefix(sign) + digits)
    }
    let fill = try values[1].map { PythonText.scalars(try text($0, name)) } ?? [" "]
    guard fill.count == 1 else { throw JinjaFault("`\(name)` fills with one character", code: .invalidValue) }
    return try string(try padded(bytes, to: width, with: fill[0], left: name != "ljust", right: name != "rjust"))
  }

  private func rounded(_ value: JinjaValue, _ arguments: JinjaCallValues) throws -> JinjaValue {
    let values = try arguments.matched("round", "precision", "method")
    let precision = try whole(values[0], "round") ?? 0
    let method = try values[1].map { String(decoding: try printed($0), as: UTF8.self) } ?? "common"
    guard let number = value.number, abs(precision) <= 300 else { throw misfit(value, "round") }
    let scale = pow(10, Double(precision))
    switch method {
    case "ceil": return .float((number * scale).rounded(.up) / scale)
    case "floor": return .float((number * scale).rounded(.down) / scale)
    case "common":
      if let whole = value.wholeNumber {
        return precision >= 0 ? .integer(whole) : .integer(Int((number * scale).rounded(.toNearestOrEven) / scale))
      }
      guard number.isFinite else { return .float(number) }
      if precision < 0 { return .float((number * scale).rounded(.toNearestOrEven) / scale) }
      // Rounding the exact decimal value, as Python does.
      return .float(Double(String(format: "%.\(precision)f", number)) ?? number)
    default: throw JinjaFault("`round` has the methods 'common', 'ceil' and 'floor'", code: .invalidValue)
    }
  }

  private func truncated(_ value: JinjaValue, _ arguments: JinjaCallValues) throws -> JinjaValue {
    let values = try arguments.matched("truncate", "length", "killwords", "end", "leeway")
    guard case .string(let bytes) = value else { throw misfit(value, "truncate") }
    let (length, leeway) = (try whole(values[0], "truncate") ?? 255, try whole(values[3], "truncate") ?? 5)
    let end = try values[2].map { try text($0, "truncate") } ?? Array("...".utf8)
    let kept = length - PythonText.length(end)
    guard kept >= 0, leeway >= 0 else {
      throw JinjaFault("`truncate` has a length below that of its end, or a leeway below 0", code: .invalidValue)
    }
    let scalars = PythonText.scalars(bytes)
    if scalars.count - leeway <= length { return value }
    let start = PythonText.bytes(scalars[..<kept])
    if values[1]?.isTrue ?? false { return try string(start + end) }
    let pieces = PythonText.split(start, [0x20], limit: 1, fromRight: true)
    return try string(pieces[0] + end)
  }

  private func urlEncoded(_ value: JinjaValue, _ arguments: JinjaCallValues) throws -> JinjaValue {
    _ = try arguments.matched("urlencode")
    func quoted(_ value: JinjaValue) throws -> [UInt8] {
      PythonText.quoted(try printed(value), safe: []).split(
        separator: [0x25, 0x32, 0x30], omittingEmptySubsequences: false
      )
      .joined(separator: [UInt8(ascii: "+")]).map { $0 }
    }
    switch value {
    case .undefined: return .string([])
    case .dictionary, .list, .tuple, .view, .iterator:
      var pairs: [[UInt8]] = []
      let entries: [JinjaValue]
      if case .dictionary(let dictionary) = value {
        entries = try JinjaView(dictionary: dictionary, kind: .items).values()
      } else {
        entries = try elements(value)
      }
      for entry in entries {
        let parts = try elements(entry)
        if parts.count != 2 { throw JinjaFault("an entry for `urlencode` is no pair", code: .invalidValue) }
        pairs.append(try quoted(parts[0]) + [UInt8(ascii: "=")] + (try quoted(parts[1])))
      }
      return try string(Array(pairs.joined(separator: [UInt8(ascii: "&")])))
    default: return try string(PythonText.quoted(try printed(value), safe: [UInt8(ascii: "/")]))
    }
  }

  private func fileSize(_ value: JinjaValue, _ arguments: JinjaCallValues) throws -> JinjaValue {
    let isBinary = try arguments.matched("filesizeformat", "binary")[0]?.isTrue ?? false
    guard let bytes = try filter(value, "float", JinjaCallValues()).number, bytes.isFinite, abs(bytes) < 1e18 else {
      throw misfit(value, "filesizeformat")
    }
    let base = isBinary ? 1024.0 : 1000.0
    if bytes == 1 { return .text("1 Byte") }
    if bytes < base { return .text("\(Int(bytes)) Bytes") }
    let prefixes = isBinary ? ["KiB", "MiB", "GiB", "TiB", "PiB", "EiB"] : ["kB", "MB", "GB", "TB", "PB", "EB"]
    var unit = base * base
    var place = 0
    while bytes >= unit, place < prefixes.count - 1 { (unit, place) = (unit * base, place + 1) }
    return .text(String(format: "%.1f ", base * bytes / unit) + prefixes[place])
  }

  private func attributes(_ value: JinjaValue, _ arguments: JinjaCallValues) throws -> JinjaValue {
    let addsSpace = try arguments.matched("xmlattr", "autospace")[0]?.isTrue ?? true
    guard case .dictionary(let dictionary) = value else { throw misfit(value, "xmlattr") }
    var items: [[UInt8]] = []
    for (key, value) in dictionary.entries {
      if case .null = value { continue }
      if value.isUndefined { continue }
      let name = try printed(key)
      if PythonText.scalars(name).contains(where: { PythonText.isSpace($0) || "/>=".unicodeScalars.contains($0) }) {
        throw JinjaFault("a name for `xmlattr` holds a character that it must not", code: .invalidValue)
      }
      let text: [UInt8] = if case .markup(let bytes) = value { bytes } else { PythonText.escaped(try printed(value)) }
      items.append(PythonText.escaped(name) + Array("=\"".utf8) + text + [UInt8(ascii: "\"")])
    }
    let text = Array(items.joined(separator: [0x20]))
    return try string(addsSpace && !text.isEmpty ? [0x20] + text : text)
  }
}
