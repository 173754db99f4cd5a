import MohawkFiles

extension TokenizerFile {
  /// The normaliser, nil when there is none.
  func normalizer(_ value: JSONValue) throws -> TextNormalizer? {
    if value.isNull { return nil }
    var steps: [TextNormalizer.Step] = []
    var names: [String] = []
    try addNormalizer(value, "normalizer", &steps, &names)
    return steps.isEmpty ? nil : TextNormalizer(steps: steps, description: names.joined(separator: "|"))
  }

  private func addNormalizer(
    _ value: JSONValue, _ path: String, _ steps: inout [TextNormalizer.Step], _ names: inout [String]
  ) throws {
    switch value["type"]?.text {
    case "Sequence":
      for (index, part) in try array(value, "normalizers", path).enumerated() {
        try addNormalizer(part, "\(path).normalizers[\(index)]", &steps, &names)
      }
    case "NFC", "NFD", "NFKC", "NFKD":
      let name = value["type"]?.text ?? ""
      steps.append(.canonical(CanonicalForm(composes: name.hasSuffix("C"), isCompatible: name.hasPrefix("NFK"))))
      names.append(name.lowercased())
    case "Lowercase":
      steps.append(.change(.lowercase))
      names.append("lowercase")
    case "StripAccents":
      steps.append(.change(.stripAccents))
      names.append("strip accents")
    case "Prepend":
      let prefix = try string(value, "prepend", path)
      if !prefix.isEmpty { steps.append(.prepend(Array(prefix.utf8))) }
      names.append("prepend \(prefix.utf8.count) \(prefix)")
    case "Replace":
      let (pattern, source, isRegex) = try pattern(value["pattern"] ?? .null, "\(path).pattern")
      let content = Array(try string(value, "content", path).utf8)
      if !isRegex, source.utf8.count == 1, !content.isEmpty {
        steps.append(.replaceByte(source.utf8.first!, with: content))
      } else {
        steps.append(.replace(pattern, with: content))
      }
      names.append("replace \(isRegex) \(source.utf8.count) \(source) \(String(decoding: content, as: UTF8.self))")
    case "Strip":
      let (left, right) = (try flag(value, "strip_left", path), try flag(value, "strip_right", path))
      steps.append(.strip(left: left, right: right))
      names.append("strip \(left) \(right)")
    default: throw refusal(path, value)
    }
  }

  func decoder(_ value: JSONValue) throws -> TokenDecoder {
    if value.isNull { return .spaced }
    if value["type"]?.text == "ByteLevel" { return .byteLevel }
    if value["type"]?.text == "Sequence" {
      let parts = try array(value, "decoders", "decoder")
      if parts.count == 1, parts[0]["type"]?.text == "ByteLevel" { return .byteLevel }
    }
    var steps: [TokenDecoder.Step] = []
    try addDecoder(value, "decoder", &steps)
    return .chain(steps)
  }

  private func addDecoder(_ value: JSONValue, _ path: String, _ steps: inout [TokenDecoder.Step]) throws {
    let isFused = steps.contains { if case .fuse = $0 { true } else { false } }
    switch value["type"]?.text {
    case "Sequence":
      for (index, part) in try array(value, "decoders", path).enumerated() {
        try addDecoder(part, "\(path).decoders[\(index)]", &steps)
      }
    case "Fuse": steps.append(.fuse)
    case "Strip":
      let content = Array(try string(value, "content", path).unicodeScalars)
      guard content.count == 1 else { throw fault("\(path).content is not one character") }
      guard let most = value["start"]?.integer, most >= 0, let end = value["stop"]?.integer else {
        throw fault("\(path) has no start and stop")
      }
      guard end == 0 else { throw refusal("\(path).stop", value["stop"] ?? .null) }
      steps.append(.strip(content[0], most: most))
    // Over the fused text these would need all of it before the first word can come out.
    case "Replace" where !isFused:
      let (_, source, isRegex) = try pattern(value["pattern"] ?? .null, "\(path).pattern")
      guard !isRegex else { throw refusal("\(path).pattern", value["pattern"] ?? .null) }
      steps.append(.replace(Array(source.utf8), with: Array(try string(value, "content", path).utf8)))
    case "ByteFallback" where !isFused: steps.append(.byteFallback)
    case "Metaspace" where !isFused: steps.append(.metaspace(try metaspace(value, path)))
    default: throw refusal(path, value)
    }
  }

  func fault(_ message: String, _ code: MohawkError.Code) -> MohawkError {
    MohawkError(code, message, at: location)
  }
}
