/// What is done to text before it is cut into words.
struct TextNormalizer: Sendable {
  enum Step: Sendable {
    case canonical(CanonicalForm)
    case change(CharacterChanges.Change)
    /// Put before text that is not empty.
    case prepend([UInt8])
    case replace(TextPattern, with: [UInt8])
    /// One byte that stands for a character, the fast form of `replace`.
    case replaceByte(UInt8, with: [UInt8])
    case strip(left: Bool, right: Bool)
  }

  let steps: [Step]
  /// The steps with their settings, the same for equal normalizers only.
  let description: String

  /// Whether text may be normalised in two parts that meet before a space between two words.
  var canBeCut: Bool {
    steps.allSatisfy { step in
      switch step {
      case .canonical, .change, .prepend, .replaceByte: true
      case .replace, .strip: false
      }
    }
  }

  /// Whether something is put before texts.
  var prepends: Bool { steps.contains { if case .prepend = $0 { true } else { false } } }

  /// What a space becomes, if it does not stay one.
  var spaceReplacement: [UInt8]? {
    for case .replaceByte(0x20, let replacement) in steps { return replacement }
    return nil
  }

  /// - Parameter continues: whether the text goes on from earlier text, so that nothing is put before it.
  /// - Returns: nil when the text stays as it is. `keepsStart` is false when its beginning was taken away.
  func normalized(_ text: UnsafeBufferPointer<UInt8>, continues: Bool) -> (bytes: [UInt8]?, keepsStart: Bool) {
    var result: [UInt8]?
    var keepsStart = true
    for step in steps {
      let next =
        result.map { $0.withUnsafeBufferPointer { Self.apply(step, to: $0, continues: continues, &keepsStart) } }
        ?? Self.apply(step, to: text, continues: continues, &keepsStart)
      if let next { result = next }
    }
    return (result, keepsStart)
  }

  private static func apply(
    _ step: Step, to text: UnsafeBufferPointer<UInt8>, continues: Bool, _ keepsStart: inout Bool
  ) -> [UInt8]? {
    guard let base = text.baseAddress, !text.isEmpty else { return nil }
    switch step {
    case .canonical(let form): return form.normalized(text)
    case .change(let change):
      guard let changed = CharacterChanges.changed(text, change) else { return nil }
      if let first = changed.first { keepsStart = keepsStart && first == text[0] } else { keepsStart = false }
      return changed
    case .prepend(let prefix): return continues ? nil : prefix + text
    case .replaceByte(let byte, let replacement): return replacing(byte, in: text, with: replacement)
    case .replace(let pattern, let replacement):
      let spans = TextMatcher.pattern(pattern).spans(UTF8Text(base, end: text.count), from: 0)
      guard spans.contains(where: \.matched) else { return nil }
      if replacement.isEmpty, spans[0].matched { keepsStart = false }
      return spans.flatMap { $0.matched ? replacement : Array(text[$0.range]) }
    case .strip(let left, let right):
      let scanner = UTF8Text(base, end: text.count)
      var range = 0..<text.count
      while left, !range.isEmpty, case let (scalar, length) = scanner.scalar(at: range.lowerBound),
        CharacterProperties.isSpace(scalar)
      {
        range = range.lowerBound + length..<range.upperBound
      }
      while right, !range.isEmpty, case let (scalar, length) = scanner.scalar(before: range.upperBound),
        CharacterProperties.isSpace(scalar)
      {
        range = range.lowerBound..<range.upperBound - length
      }
      if range.lowerBound > 0 { keepsStart = false }
      return range.count == text.count ? nil : Array(text[range])
    }
  }

  /// `text` with each `byte`, which is ASCII, replaced; nil when there is none.
  static func replacing(_ byte: UInt8, in text: UnsafeBufferPointer<UInt8>, with replacement: [UInt8]) -> [UInt8]? {
    var count = 0
    for other in text where other == byte { count += 1 }
    if count == 0 { return nil }
    return [UInt8](unsafeUninitializedCapacity: text.count + count * (replacement.count - 1)) { buffer, filled in
      for other in text {
        if other != byte {
          buffer[filled] = other
          filled += 1
        } else {
          for part in replacement {
            buffer[filled] = part
            filled += 1
          }
        }
      }
    }
  }
}
