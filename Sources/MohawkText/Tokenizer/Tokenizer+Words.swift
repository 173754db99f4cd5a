/// A part of a text on its way to words.
struct TextSpan {
  let base: UnsafePointer<UInt8>
  let start: Int
  let end: Int
  /// Up to here bytes may be read.
  let limit: Int
  /// Whether it begins where the whole text begins.
  let isFirst: Bool

  init(_ base: UnsafePointer<UInt8>, _ count: Int, isFirst: Bool) {
    self.init(base, 0, count, limit: count, isFirst: isFirst)
  }

  private init(_ base: UnsafePointer<UInt8>, _ start: Int, _ end: Int, limit: Int, isFirst: Bool) {
    self.base = base
    self.start = start
    self.end = end
    self.limit = limit
    self.isFirst = isFirst
  }

  func part(_ range: Range<Int>) -> TextSpan {
    TextSpan(base, range.lowerBound, range.upperBound, limit: limit, isFirst: isFirst && range.lowerBound == start)
  }

  var bytes: UnsafeBufferPointer<UInt8> { UnsafeBufferPointer(start: base + start, count: end - start) }
}

extension Tokenizer {
  /// Whether a word with a space in it may be encoded in two parts.
  var cutsWordsBeforeSpaces: Bool { model.cutsBeforeMarker && !model.options.ignoresMerges }

  /// Takes `span` through the pre-tokenizer from `step` on and appends the ids of its words.
  func encode(_ span: TextSpan, step: Int, _ workspace: EncodingWorkspace, into ids: inout [Int32]) {
    if span.start == span.end { return }
    guard step < preTokenizer.steps.count else { return encodeWord(span, workspace, into: &ids) }
    switch preTokenizer.steps[step] {
    case .words(let scanner):
      let isLast = step + 1 == preTokenizer.steps.count
      switch scanner {
      case .gpt2:
        eachWord(span, isLast, step, workspace, into: &ids) { GPT2Words.wordEnd($0, from: $1) }
      case .llama3(let digits):
        eachWord(span, isLast, step, workspace, into: &ids) { Llama3Words.wordEnd($0, from: $1, digits: digits) }
      }
    case .split(let matcher, let behavior, let inverted):
      matcher.visitPieces(UTF8Text(span.base, end: span.end), from: span.start, behavior, inverted: inverted) {
        encode(span.part($0), step: step + 1, workspace, into: &ids)
      }
    case .metaspace(let metaspace): encode(span, metaspace, step: step, workspace, into: &ids)
    case .leadingSpace:
      if span.base[span.start] == 0x20 { return encode(span, step: step + 1, workspace, into: &ids) }
      ([0x20] + span.bytes).withUnsafeBufferPointer {
        let changed = TextSpan($0.baseAddress!, $0.count, isFirst: span.isFirst)
        encode(changed, step: step + 1, workspace, into: &ids)
      }
    }
  }

  @inline(__always) private func eachWord(
    _ span: TextSpan, _ isLast: Bool, _ step: Int, _ workspace: EncodingWorkspace, into ids: inout [Int32],
    wordEnd: (CharacterScanner, Int) -> Int
  ) {
    let text = CharacterScanner(span.base, end: span.end)
    var start = span.start
    while start < span.end {
      let end = wordEnd(text, start)
      if isLast {
        append(span.base + start, end - start, readable: span.limit - start, workspace, into: &ids)
      } else {
        encode(span.part(start..<end), step: step + 1, workspace, into: &ids)
      }
      start = end
    }
  }

  private func encode(
    _ span: TextSpan, _ metaspace: Metaspace, step: Int, _ workspace: EncodingWorkspace, into ids: inout [Int32]
  ) {
    let sign = metaspace.bytes
    let spaced = TextNormalizer.replacing(0x20, in: span.bytes, with: sign) ?? Array(span.bytes)
    let isPrepended =
      metaspace.prepending == .always || (metaspace.prepending == .first && span.isFirst)
    let text = isPrepended && !spaced.starts(with: sign) ? sign + spaced : spaced
    text.withUnsafeBufferPointer { bytes in
      let whole = TextSpan(bytes.baseAddress!, bytes.count, isFirst: span.isFirst)
      guard metaspace.splits else { return encode(whole, step: step + 1, workspace, into: &ids) }
      let isLast = step + 1 == preTokenizer.steps.count
      var start = 0
      while start < bytes.count {
        var end = start + 1
        while end < bytes.count, bytes[end] != sign[0] || !Self.stands(sign, in: bytes, at: end) { end += 1 }
        if isLast {
          append(bytes.baseAddress! + start, end - start, readable: bytes.count - start, workspace, into: &ids)
        } else {
          encode(whole.part(start..<end), step: step + 1, workspace, into: &ids)
        }
        start = end
      }
    }
  }

  /// A word that may hold spaces is cut before them where that changes nothing: its parts are in the cache.
  private func encodeWord(_ span: TextSpan, _ workspace: EncodingWorkspace, into ids: inout [Int32]) {
    let marker = model.marker
    guard wordsHoldSpaces, cutsWordsBeforeSpaces else {
      return append(
        span.base + span.start, span.end - span.start, readable: span.limit - span.start, workspace, into: &ids)
    }
    let bytes = UnsafeBufferPointer(start: span.base, count: span.end)
    var start = span.start
    while start < span.end {
      var end = start
      // First the markers, which stay together, then the rest up to the next one.
      while end < span.end, Self.stands(marker, in: bytes, at: end) { end += marker.count }
      while end < span.end, bytes[end] != marker[0] || !Self.stands(marker, in: bytes, at: end) { end += 1 }
      append(span.base + start, end - start, readable: span.limit - start, workspace, into: &ids)
      start = end
    }
  }

  @inline(__always) private static func stands(
    _ sign: [UInt8], in bytes: UnsafeBufferPointer<UInt8>, at position: Int
  ) -> Bool {
    guard position + sign.count <= bytes.count else { return false }
    for offset in 0..<sign.count where bytes[position + offset] != sign[offset] { return false }
    return true
  }

  /// Appends the ids of one word.
  /// - Parameter readable: how many bytes may be read from `word`.
  @inline(__always) private func append(
    _ word: UnsafePointer<UInt8>, _ length: Int, readable: Int, _ workspace: EncodingWorkspace, into ids: inout [Int32]
  ) {
    guard length <= WordCache.longest else {
      return ids.append(contentsOf: model.ids(word, length, workspace))
    }
    let cache = workspace.cache
    let key = WordCache.Key(word, length: length, readable: readable)
    if cache.append(key, to: &ids) { return }
    let symbols = model.ids(word, length, workspace)
    cache.remember(key, symbols)
    ids.append(contentsOf: symbols)
  }
}
