/// Finds added tokens in text: the leftmost match, of several the longest.
struct AddedTokenMatcher: @unchecked Sendable {  // the trie is filled in init and only read after it
  private let tokens: [AddedToken]
  /// Which pairs of first two bytes can start a token: one bit each.
  private let starts: [UInt64]
  /// Edges of the trie: (node, byte) to node.
  private let edges: PairTable
  /// The token that ends at each node, or -1.
  private let ends: [Int32]

  var isEmpty: Bool { tokens.isEmpty }

  init(_ tokens: [AddedToken]) {
    self.tokens = tokens
    var starts = [UInt64](repeating: 0, count: 1024)
    var ends: [Int32] = [-1]
    edges = PairTable(capacity: 16)
    for (index, token) in tokens.enumerated() {
      let content = Array(token.content.utf8)
      let second = content.count > 1 ? content[1]...content[1] : 0...255
      for byte in second { starts[Int(content[0]) << 2 | Int(byte >> 6)] |= 1 << UInt64(byte & 63) }
      var node: Int32 = 0
      for byte in content {
        let key = PairTable.key(node, Int32(byte))
        if let known = edges.find(key) {
          node = Int32(known)
        } else {
          node = Int32(ends.count)
          edges.set(key, UInt64(ends.count))
          ends.append(-1)
        }
      }
      ends[Int(node)] = Int32(index)
    }
    self.starts = starts
    self.ends = ends
  }

  /// A part of a text.
  enum Piece {
    case token(Int32)
    case plain(UnsafeBufferPointer<UInt8>)
  }

  /// Cuts `text` into added tokens and what lies between them.
  func split(_ text: UnsafeBufferPointer<UInt8>, specialAsText: Bool, take: (Piece) -> Void) {
    var done = 0
    var position = 0
    while let (found, match) = firstMatch(in: text, from: position) {
      position = match.upperBound
      if specialAsText, found.special { continue }
      if found.singleWord, touchesWord(text, match) { continue }
      var range = match
      if found.stripsLeft { range = max(done, spaceStart(text, before: range.lowerBound))..<range.upperBound }
      if found.stripsRight { range = range.lowerBound..<spaceEnd(text, after: range.upperBound) }
      // As in the reference, a token in white space that the one before has taken in counts as well, and what follows it
      // is not taken in any more.
      if done < range.lowerBound { take(.plain(UnsafeBufferPointer(rebasing: text[done..<range.lowerBound]))) }
      take(.token(found.id))
      done = range.upperBound
    }
    if done < text.count { take(.plain(UnsafeBufferPointer(rebasing: text[done...]))) }
  }

  private func firstMatch(in text: UnsafeBufferPointer<UInt8>, from start: Int) -> (AddedToken, Range<Int>)? {
    var position = start
    while position < text.count {
      let second = position + 1 < text.count ? text[position + 1] : 0
      let bits = starts[Int(text[position]) << 2 | Int(second >> 6)]
      if bits >> UInt64(second & 63) & 1 != 0 || position + 1 == text.count,
        let (token, end) = longestMatch(in: text, at: position)
      {
        return (token, position..<end)
      }
      position += 1
    }
    return nil
  }

  private func longestMatch(in text: UnsafeBufferPointer<UInt8>, at start: Int) -> (AddedToken, Int)? {
    var node: Int32 = 0
    var best: (AddedToken, Int)?
    var position = start
    while position < text.count, let next = edges.find(PairTable.key(node, Int32(text[position]))) {
      node = Int32(next)
      position += 1
      if ends[Int(node)] >= 0 { best = (tokens[Int(ends[Int(node)])], position) }
    }
    return best
  }
}

extension AddedTokenMatcher {
  private func spaceStart(_ text: UnsafeBufferPointer<UInt8>, before position: Int) -> Int {
    guard let base = text.baseAddress else { return position }
    let scanner = UTF8Text(base, end: text.count)
    var start = position
    while start > 0 {
      let (scalar, length) = scanner.scalar(before: start)
      if !CharacterProperties.isSpace(scalar) { break }
      start -= length
    }
    return start
  }

  private func spaceEnd(_ text: UnsafeBufferPointer<UInt8>, after position: Int) -> Int {
    guard let base = text.baseAddress else { return position }
    let scanner = UTF8Text(base, end: text.count)
    var end = position
    while end < text.count {
      let (scalar, length) = scanner.scalar(at: end)
      if !CharacterProperties.isSpace(scalar) { break }
      end += length
    }
    return end
  }

  private func touchesWord(_ text: UnsafeBufferPointer<UInt8>, _ range: Range<Int>) -> Bool {
    guard let base = text.baseAddress else { return false }
    let scanner = UTF8Text(base, end: text.count)
    if range.lowerBound > 0, CharacterProperties.isWord(scanner.scalar(before: range.lowerBound).value) { return true }
    return range.upperBound < text.count && CharacterProperties.isWord(scanner.scalar(at: range.upperBound).value)
  }
}
