/// What a split looks for.
enum TextMatcher: Sendable {
  case scanner(WordScanner)
  case pattern(TextPattern)
  /// Single characters of a kind; a run of them is as many matches.
  case characters(CharacterTest)
  /// `\w+|[^\w\s]+`
  case wordsAndSigns

  enum CharacterTest: Sendable {
    case number, punctuation, space
    case scalar(UInt32)

    func holds(_ scalar: UInt32) -> Bool {
      switch self {
      case .number: CharacterProperties.isNumber(scalar)
      case .punctuation: CharacterProperties.isPunctuation(scalar)
      case .space: CharacterProperties.isSpace(scalar)
      case .scalar(let wanted): scalar == wanted
      }
    }
  }

  /// Cuts `start..<text.end` into what matches and what does not.
  func spans(_ text: UTF8Text, from start: Int) -> [SplitBehavior.Span] {
    var spans: [SplitBehavior.Span] = []
    visitSpans(text, from: start) { spans.append(SplitBehavior.Span(range: $0, matched: $1)) }
    return spans
  }

  /// Hands over the pieces that a split makes of `start..<text.end`.
  func visitPieces(
    _ text: UTF8Text, from start: Int, _ behavior: SplitBehavior, inverted: Bool, _ body: (Range<Int>) -> Void
  ) {
    switch behavior {
    case .isolated: visitSpans(text, from: start) { range, _ in body(range) }
    case .removed: visitSpans(text, from: start) { range, matched in if matched == inverted { body(range) } }
    case .mergedWithNext, .mergedWithPrevious, .contiguous:
      var spans: [SplitBehavior.Span] = []
      visitSpans(text, from: start) { spans.append(SplitBehavior.Span(range: $0, matched: $1 != inverted)) }
      for piece in behavior.pieces(spans) { body(piece) }
    }
  }

  private func visitSpans(_ text: UTF8Text, from start: Int, _ body: (Range<Int>, Bool) -> Void) {
    var done = start
    while done < text.end, let match = firstMatch(text, from: done) {
      if done < match.lowerBound { body(done..<match.lowerBound, false) }
      body(match, true)
      done = match.upperBound
    }
    if done < text.end { body(done..<text.end, false) }
  }

  private func firstMatch(_ text: UTF8Text, from start: Int) -> Range<Int>? {
    switch self {
    case .scanner(let scanner):
      return start..<scanner.wordEnd(CharacterScanner(text.bytes, end: text.end), from: start)
    case .pattern(let pattern): return pattern.firstMatch(text, from: start)
    case .characters(let test):
      var position = start
      while position < text.end {
        let (scalar, length) = text.scalar(at: position)
        if test.holds(scalar) { return position..<position + length }
        position += length
      }
      return nil
    case .wordsAndSigns: return wordOrSigns(text, from: start)
    }
  }

  private func wordOrSigns(_ text: UTF8Text, from start: Int) -> Range<Int>? {
    var position = start
    while position < text.end, CharacterProperties.isSpace(text.scalar(at: position).value) {
      position += text.scalar(at: position).length
    }
    guard position < text.end else { return nil }
    let first = position
    let isWord = CharacterProperties.isWord(text.scalar(at: position).value)
    while position < text.end {
      let (scalar, length) = text.scalar(at: position)
      if CharacterProperties.isSpace(scalar) || CharacterProperties.isWord(scalar) != isWord { break }
      position += length
    }
    return first..<position
  }
}
