// Methods of strings, dictionaries, lists and loops.
extension JinjaInterpreter {
  func call(_ method: JinjaMethod, _ arguments: JinjaCallValues) throws -> JinjaValue {
    switch method.receiver {
    case .string(let bytes): return try call(method.name, of: bytes, arguments)
    case .dictionary(let dictionary): return try call(method.name, of: dictionary, arguments)
    case .cycler(let cycler):
      _ = try arguments.matched(method.name)
      if method.name == "next" { return cycler.next() }
      cycler.reset()
      return .null
    case .loop(let loop):
      if method.name == "changed" { return .bool(try loop.changed(arguments.positional) { try areEqual($0, $1) }) }
      if arguments.positional.isEmpty {
        throw JinjaFault("`loop.cycle` has nothing to choose from", code: .invalidValue)
      }
      return arguments.positional[loop.index % arguments.positional.count]
    default:
      if method.name == "copy" { return method.receiver }
      guard let value = try arguments.matched(method.name, " ")[0] else { throw missingArgument(method.name) }
      let values = try elements(method.receiver)
      if method.name == "count" { return .integer(try values.filter { try areEqual($0, value) }.count) }
      guard let index = try values.firstIndex(where: { try areEqual($0, value) }) else {
        throw JinjaFault("`index` does not find its value", code: .invalidValue)
      }
      return .integer(index)
    }
  }

  private func missingArgument(_ name: String) -> JinjaFault {
    JinjaFault("`\(name)` lacks an argument", code: .invalidValue)
  }

  private func call(
    _ name: String, of dictionary: JinjaDictionary, _ arguments: JinjaCallValues
  ) throws -> JinjaValue {
    if name == "get" {
      let values = try arguments.matched("get", " key", " default")
      guard let key = values[0] else { throw missingArgument(name) }
      return dictionary[try JinjaKey(key)] ?? values[1] ?? JinjaValue.null
    }
    _ = try arguments.matched(name)
    return JinjaView.Kind(rawValue: name).map { .view(JinjaView(dictionary: dictionary, kind: $0)) }
      ?? .dictionary(dictionary)
  }

  private func call(_ name: String, of bytes: [UInt8], _ arguments: JinjaCallValues) throws -> JinjaValue {
    try step(bytes.count / 16)
    switch name {
    case "strip", "lstrip", "rstrip":
      let characters = try optionalText(try arguments.matched(name, " characters")[0], name)
      return try string(PythonText.trimmed(bytes, characters, left: name != "rstrip", right: name != "lstrip"))
    case "split", "rsplit": return try split(bytes, name, arguments)
    case "format": return try formatted(bytes, arguments)
    case "splitlines":
      let keeps = try arguments.matched(name, "keepends")[0]?.isTrue ?? false
      return try list(try strings(PythonText.lines(bytes, keepEnds: keeps)))
    case "startswith", "endswith": return .bool(try borders(bytes, name, arguments))
    case "replace":
      let values = try arguments.matched(name, " old", " new", "count")
      let limit = values[2]?.wholeNumber ?? -1
      return try replace(bytes, try text(values[0], name), by: try text(values[1], name), limit: limit)
    case "join":
      guard let values = try arguments.matched(name, " values")[0] else { throw missingArgument(name) }
      return try join(try elements(values).map { try text($0, name) }, bytes)
    case "removeprefix", "removesuffix":
      let part = try text(try arguments.matched(name, " part")[0], name)
      if name == "removeprefix" {
        return try string(bytes.starts(with: part) ? Array(bytes.dropFirst(part.count)) : bytes)
      }
      return try string(ends(bytes, with: part) ? Array(bytes.dropLast(part.count)) : bytes)
    case "partition", "rpartition":
      return try partition(bytes, name, try text(try arguments.matched(name, " part")[0], name))
    case "find", "rfind", "index", "rindex", "count": return try search(bytes, name, arguments)
    case "center", "ljust", "rjust", "zfill", "expandtabs": return try widened(bytes, name, arguments)
    default:
      _ = try arguments.matched(name)
      return try plain(bytes, name)
    }
  }

  /// Methods without arguments.
  private func plain(_ bytes: [UInt8], _ name: String) throws -> JinjaValue {
    switch name {
    case "upper": try string(PythonText.upper(bytes))
    case "lower": try string(PythonText.lower(bytes))
    case "title": try string(PythonText.titled(bytes))
    case "capitalize": try string(PythonText.capitalized(bytes))
    case "isupper": .bool(PythonText.isCase(bytes, upper: true))
    case "islower": .bool(PythonText.isCase(bytes, upper: false))
    case "isspace": .bool(PythonText.all(bytes, PythonText.isSpace))
    case "isdigit": .bool(PythonText.all(bytes, PythonText.isDigit))
    case "isalpha": .bool(PythonText.all(bytes, PythonText.isLetter))
    case "isdecimal": .bool(PythonText.all(bytes) { $0.properties.numericType == .decimal })
    case "isnumeric": .bool(PythonText.all(bytes) { $0.properties.numericType != nil })
    case "isascii": .bool(PythonText.isASCII(bytes))
    case "isprintable": .bool(PythonText.scalars(bytes).allSatisfy(Self.isPrintable))
    case "istitle": .bool(PythonText.isTitle(bytes))
    case "swapcase": try string(PythonText.swapped(bytes))
    case "casefold" where PythonText.isASCII(bytes): try string(PythonText.lower(bytes))
    case "isalnum": .bool(PythonText.all(bytes) { PythonText.isLetter($0) || $0.properties.numericType != nil })
    default: throw JinjaFault.unsupported("the method `\(name)` of a string")
    }
  }

  func text(_ value: JinjaValue?, _ owner: String) throws -> [UInt8] {
    switch value?.unmarked {
    case nil: throw missingArgument(owner)
    case .string(let bytes): return bytes
    case let value?: throw JinjaFault("`\(owner)` takes text, not a value of type \(value.type)", code: .invalidValue)
    }
  }

  private func optionalText(_ value: JinjaValue?, _ owner: String) throws -> [UInt8]? {
    switch value {
    case nil, .some(.null): nil
    default: try text(value, owner)
    }
  }

  func strings(_ pieces: [[UInt8]]) throws -> [JinjaValue] { try pieces.map { try string($0) } }

  private func split(_ bytes: [UInt8], _ name: String, _ arguments: JinjaCallValues) throws -> JinjaValue {
    let values = try arguments.matched(name, "sep", "maxsplit")
    let separator = try optionalText(values[0], name)
    if separator?.isEmpty == true { throw JinjaFault("`\(name)` is given an empty separator", code: .invalidValue) }
    guard let limit = values[1].map({ $0.wholeNumber }) ?? -1 else {
      throw JinjaFault("`\(name)` takes an integer as its second argument", code: .invalidValue)
    }
    return try list(try strings(PythonText.split(bytes, separator, limit: limit, fromRight: name == "rsplit")))
  }

  private func ends(_ bytes: [UInt8], with part: [UInt8]) -> Bool {
    bytes.count >= part.count && bytes[(bytes.count - part.count)...].elementsEqual(part)
  }

  private func borders(_ bytes: [UInt8], _ name: String, _ arguments: JinjaCallValues) throws -> Bool {
    let values = try arguments.matched(name, " part", " start", " end")
    var parts = [values[0]]
    if case .tuple(let items)? = values[0] { parts = items.values }
    guard let (bytes, _) = try section(bytes, values[1], values[2], name) else { return false }
    return try parts.contains { part in
      let part = try text(part, name)
      return name == "startswith" ? bytes.starts(with: part) : ends(bytes, with: part)
    }
  }

  /// The characters from `start` to `end`, and how many are before them; nil when `start` is beyond the text.
  private func section(
    _ bytes: [UInt8], _ start: JinjaValue?, _ end: JinjaValue?, _ name: String
  ) throws -> (bytes: [UInt8], offset: Int)? {
    if start == nil, end == nil { return (bytes, 0) }
    let scalars = PythonText.scalars(bytes)
    func place(_ value: JinjaValue?, _ fallback: Int) throws -> Int {
      switch value {
      case nil, .some(.null): return fallback
      case let value?:
        guard let place = value.wholeNumber else {
          throw JinjaFault("`\(name)` takes whole numbers as positions", code: .invalidValue)
        }
        return place < 0 ? max(0, place < -scalars.count ? 0 : place + scalars.count) : place
      }
    }
    let (first, last) = (try place(start, 0), min(try place(end, scalars.count), scalars.count))
    if first > scalars.count { return nil }
    return (PythonText.bytes(scalars[first..<max(first, last)]), first)
  }

  func replace(_ bytes: [UInt8], _ old: [UInt8], by new: [UInt8], limit: Int) throws -> JinjaValue {
    try step((bytes.count + old.count) / 16)
    let places = PythonText.places(old, in: bytes, limit: limit)
    let (added, overflows) = places.count.multipliedReportingOverflow(by: new.count)
    try spend(overflows ? Int.max : added)
    try spend(bytes.count)
    return .string(PythonText.replaced(bytes, at: places, count: old.count, by: new))
  }

  func join(_ pieces: [[UInt8]], _ separator: [UInt8]) throws -> JinjaValue {
    try spend(pieces.reduce(0) { $0 + $1.count })
    for _ in pieces { try spend(separator.count) }
    return .string(Array(pieces.joined(separator: separator)))
  }

  private func partition(_ bytes: [UInt8], _ name: String, _ part: [UInt8]) throws -> JinjaValue {
    let isLast = name.hasPrefix("r")
    if part.isEmpty { throw JinjaFault("`\(name)` is given an empty separator", code: .invalidValue) }
    guard let place = isLast ? PythonText.findLast(part, in: bytes) : PythonText.find(part, in: bytes) else {
      return try tuple(try strings(isLast ? [[], [], bytes] : [bytes, [], []]))
    }
    return try tuple(try strings([Array(bytes[..<place]), part, Array(bytes[(place + part.count)...])]))
  }

  private func search(_ bytes: [UInt8], _ name: String, _ arguments: JinjaCallValues) throws -> JinjaValue {
    let values = try arguments.matched(name, " part", " start", " end")
    let part = try text(values[0], name)
    let found = try section(bytes, values[1], values[2], name)
    if name == "count" { return .integer(found.map { PythonText.places(part, in: $0.bytes, limit: -1).count } ?? 0) }
    let place = found.flatMap { section in
      (name.hasPrefix("r") ? PythonText.findLast(part, in: section.bytes) : PythonText.find(part, in: section.bytes))
        .map { section.offset + PythonText.length(section.bytes[..<$0]) }
    }
    if place == nil, name.hasSuffix("index") {
      throw JinjaFault("`\(name)` does not find its text", code: .invalidValue)
    }
    return .integer(place ?? -1)
  }
}
