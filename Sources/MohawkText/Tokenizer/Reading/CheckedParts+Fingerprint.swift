extension CheckedParts {
  /// FNV-1a (64 bits) over all that decides ids.
  func fingerprint() -> String {
    var hash: UInt64 = 0xCBF2_9CE4_8422_2325
    func mix(_ bytes: some Sequence<UInt8>) {
      for byte in bytes { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01B3 }
    }
    func mix(_ number: Int) {
      withUnsafeBytes(of: Int64(number).littleEndian) { mix($0) }
    }
    func mix(_ text: String) {
      mix(text.utf8.count)
      mix(text.utf8)
    }
    mix(parts.preTokenizer.description.utf8)
    for entry in entries where entry >= 0 {
      let spelling = parts.vocabulary.spelling(Int(entry))
      mix(Int(parts.vocabulary.ids[Int(entry)]))
      mix(spelling.count)
      mix(spelling)
    }
    mix(pairs.count)
    for pair in pairs {
      mix(Int(pair.left))
      mix(Int(pair.right))
    }
    for token in added {
      mix(Int(token.id))
      mix(token.content)
      mix([token.singleWord, token.stripsLeft, token.stripsRight, token.normalized, token.special].map { $0 ? 1 : 0 })
    }
    // What the first tokenizers here did not have is mixed in only where it is used, so that their hashes stay.
    if let normalizer = parts.normalizer { mix("normalizer " + normalizer.description) }
    if parts.options != BytePairModel.Options() {
      mix("model \(parts.options.ignoresMerges) \(parts.options.fallsBackToBytes) \(parts.options.fusesUnknown)")
      mix(parts.options.unknown.map { String(decoding: $0, as: UTF8.self) } ?? "")
    }
    if !parts.template.prefix.isEmpty || !parts.template.suffix.isEmpty {
      mix("template \(parts.template.prefix) \(parts.template.suffix)")
    }
    let digits = String(hash, radix: 16)
    return String(repeating: "0", count: 16 - digits.count) + digits
  }
}
