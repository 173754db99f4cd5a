/// Python's `textwrap.wrap` for one line, with its whitespace as it is.
struct PythonWrapping {
  let width: Int
  let breaksLongWords: Bool
  let breaksOnHyphens: Bool

  typealias Text = ArraySlice<Unicode.Scalar>

  func lines(_ text: [Unicode.Scalar]) -> [Text] {
    var chunks = Array(chunks(text).reversed())
    var lines: [Text] = []
    func isBlank(_ chunk: Text?) -> Bool { chunk?.allSatisfy(PythonText.isSpace) ?? false }
    while !chunks.isEmpty {
      var line: [Text] = []
      var length = 0
      if isBlank(chunks.last), !lines.isEmpty { chunks.removeLast() }
      while let chunk = chunks.last, length + chunk.count <= width {
        line.append(chunks.removeLast())
        length += chunk.count
      }
      if let chunk = chunks.last, chunk.count > width {
        if breaksLongWords {
          let part = beginning(of: chunk, room: width - length)
          line.append(part)
          chunks[chunks.count - 1] = chunk[part.endIndex...]
        } else if line.isEmpty {
          line.append(chunks.removeLast())
        }
      }
      if isBlank(line.last) { line.removeLast() }
      if !line.isEmpty { lines.append(Array(line.joined())[...]) }
    }
    return lines
  }

  /// What of a word that is too long goes into a line.
  private func beginning(of chunk: Text, room: Int) -> Text {
    let part = chunk.prefix(room)
    if breaksOnHyphens, let hyphen = part.lastIndex(of: "-"), part[..<hyphen].contains(where: { $0 != "-" }) {
      return part[...hyphen]
    }
    return part
  }

  /// Words and the spaces between them; words with hyphens in parts where they may be broken.
  private func chunks(_ text: [Unicode.Scalar]) -> [Text] {
    var chunks: [Text] = []
    var start = 0
    while start < text.count {
      let end = chunkEnd(text, start)
      chunks.append(text[start..<end])
      start = end
    }
    return chunks
  }

  private func chunkEnd(_ text: [Unicode.Scalar], _ start: Int) -> Int {
    func isBlank(_ index: Int) -> Bool { Self.blanks.contains(text[index]) }
    if isBlank(start) { return text[start...].firstIndex { !Self.blanks.contains($0) } ?? text.count }
    if breaksOnHyphens, let end = dashEnd(text, start) { return end }
    var end = start + 1
    while end < text.count, !isBlank(end) {
      if breaksOnHyphens {
        if isHyphen(text, end) { return end + 1 }
        if dashEnd(text, end) != nil { return end }
      }
      end += 1
    }
    return end
  }

  private static let blanks: Set<Unicode.Scalar> = ["\t", "\n", "\u{0B}", "\u{0C}", "\r", " "]

  /// The end of a dash of several hyphens between words.
  private func dashEnd(_ text: [Unicode.Scalar], _ start: Int) -> Int? {
    guard text[start] == "-", start > 0, isPart(text[start - 1]) else { return nil }
    let end = text[start...].firstIndex { $0 != "-" } ?? text.count
    return end - start >= 2 && end < text.count && isWord(text[end]) ? end : nil
  }

  /// Whether a word may be broken behind its hyphen at `index`.
  private func isHyphen(_ text: [Unicode.Scalar], _ index: Int) -> Bool {
    guard text[index] == "-" else { return false }
    func letter(_ index: Int) -> Bool { text.indices.contains(index) && isLetter(text[index]) }
    let follows =
      letter(index - 1) && letter(index - 2)
      || letter(index - 3) && text[index - 2] == "-" && isPart(text[index - 1])
    let next = index + 1
    let skip = next + 1 < text.count && text[next + 1] == "-" ? 2 : 1
    return follows && letter(next) && letter(next + skip)
  }

  private func isWord(_ scalar: Unicode.Scalar) -> Bool {
    scalar == "_" || isNumber(scalar) || PythonText.isLetter(scalar)
  }

  private func isNumber(_ scalar: Unicode.Scalar) -> Bool {
    [.decimalNumber, .letterNumber, .otherNumber].contains(scalar.properties.generalCategory)
  }

  private func isLetter(_ scalar: Unicode.Scalar) -> Bool {
    isWord(scalar) && scalar.properties.generalCategory != .decimalNumber
  }

  private func isPart(_ scalar: Unicode.Scalar) -> Bool { isWord(scalar) || "!\"'&.,?".unicodeScalars.contains(scalar) }
}
