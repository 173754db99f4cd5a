/// The merges and what they start from: one id per byte or per character of a word.
final class BytePairModel: @unchecked Sendable {  // filled in init and only read after it
  /// What else decides ids.
  struct Options: Sendable, Equatable {
    /// Words that are tokens become these without merging.
    var ignoresMerges = false
    /// Characters that are no tokens become the tokens `<0x00>` to `<0xFF>` of their bytes.
    var fallsBackToBytes = false
    /// The spelling of the token for all other characters; without one they are left out.
    var unknown: [UInt8]?
    /// Whether a run of unknown characters becomes one token.
    var fusesUnknown = false
  }

  let vocabulary: Vocabulary
  let merges: MergeTable
  let options: Options
  let isByteLevel: Bool
  /// The id of each byte's spelling, -1 where there is none; only for byte-level words.
  let byteIDs: [Int32]
  /// Whether ``wordBorders`` can cut a word before `marker` without changing its ids.
  let cutsBeforeMarker: Bool
  /// UTF-8 of the character that stands for a space in a word; empty when it is not one character.
  let marker: [UInt8]

  private let unknown: Int32?
  private let asciiIDs: [Int32]
  private let wideIDs = PairTable(capacity: 16)
  /// The id of `<0x00>` to `<0xFF>`, -1 where there is none.
  private let fallbackIDs: [Int32]

  init(
    _ vocabulary: Vocabulary, _ merges: MergeTable, spellings: MergeSpellings, _ options: Options, isByteLevel: Bool,
    marker: [UInt8]
  ) {
    self.vocabulary = vocabulary
    self.merges = merges
    self.options = options
    self.isByteLevel = isByteLevel
    self.marker = marker
    unknown = options.unknown.flatMap { vocabulary.id(of: $0) }
    byteIDs = isByteLevel ? ByteAlphabet.scalars.map { vocabulary.id(of: UTF8.encode($0)!) ?? -1 } : []
    var ascii = [Int32](repeating: -1, count: 128)
    if !isByteLevel {
      for entry in 0..<vocabulary.count {
        let spelling = vocabulary.spelling(entry)
        guard let first = spelling.first, spelling.count <= 4 else { continue }
        let (scalar, length) = spelling.withUnsafeBufferPointer {
          UTF8Text($0.baseAddress!, end: $0.count).scalar(at: 0)
        }
        guard length == spelling.count, scalar != UTF8Text.invalid else { continue }
        if first < 0x80 {
          ascii[Int(first)] = vocabulary.ids[entry]
        } else {
          wideIDs.set(UInt64(scalar), UInt64(vocabulary.ids[entry]))
        }
      }
    }
    asciiIDs = ascii
    fallbackIDs =
      options.fallsBackToBytes
      ? (0..<256).map { vocabulary.id(of: Self.fallbackSpelling(UInt8($0))) ?? -1 } : []
    // No merge may join something that does not end in the marker with something that begins with it.
    let spelled = isByteLevel ? Array(UTF8.encode(ByteAlphabet.scalars[0x20])!) : marker
    cutsBeforeMarker =
      !marker.isEmpty && vocabulary.id(of: spelled) != nil
      && (0..<spellings.count).allSatisfy {
        let right = spellings.right($0)
        return !right.starts(with: spelled) || spellings.left($0).suffix(spelled.count).elementsEqual(spelled)
      }
  }

  /// Whether every text can be encoded: nothing asks for an unknown token that is missing.
  var missingUnknown: [UInt8]? {
    guard let spelling = options.unknown, unknown == nil else { return nil }
    if isByteLevel, !byteIDs.contains(-1) { return nil }
    if options.fallsBackToBytes, !fallbackIDs.contains(-1) { return nil }
    return spelling
  }

  static func fallbackSpelling(_ byte: UInt8) -> [UInt8] {
    let digits = Array("0123456789ABCDEF".utf8)
    return Array("<0x".utf8) + [digits[Int(byte >> 4)], digits[Int(byte & 15)], UInt8(ascii: ">")]
  }

  /// The ids of one word; they stay valid until the workspace's next word.
  func ids(
    _ word: UnsafePointer<UInt8>, _ length: Int, _ workspace: EncodingWorkspace
  ) -> UnsafeMutableBufferPointer<Int32> {
    workspace.reserve(length)
    let symbols = UnsafeMutableBufferPointer(rebasing: workspace.symbols[..<length])
    if options.ignoresMerges, let id = id(ofWord: word, length) {
      symbols[0] = id
      return UnsafeMutableBufferPointer(rebasing: symbols[..<1])
    }
    var count = length
    if !isByteLevel {
      count = characters(word, length, into: symbols)
    } else {
      for index in 0..<length {
        symbols[index] = byteIDs[Int(word[index])]
        if symbols[index] < 0 { return incompleteBytes(word, length, workspace) }
      }
    }
    let start = UnsafeMutableBufferPointer(rebasing: symbols[..<count])
    return UnsafeMutableBufferPointer(rebasing: start[..<merges.apply(to: start)])
  }

  private func id(ofWord word: UnsafePointer<UInt8>, _ length: Int) -> Int32? {
    let bytes = UnsafeBufferPointer(start: word, count: length)
    return isByteLevel ? vocabulary.id(of: ByteAlphabet.spelling(of: bytes)) : vocabulary.id(of: bytes)
  }

  /// Writes the first symbols of a word in characters, never more than it has bytes.
  private func characters(
    _ word: UnsafePointer<UInt8>, _ length: Int, into symbols: UnsafeMutableBufferPointer<Int32>
  ) -> Int {
    let text = UTF8Text(word, end: length)
    var unknowns = Unknowns(symbols)
    var position = 0
    while position < length {
      let (scalar, width) = text.scalar(at: position)
      let id: Int32
      if scalar < 0x80 {
        id = asciiIDs[Int(scalar)]
      } else {
        id = scalar == UTF8Text.invalid ? -1 : wideIDs.find(UInt64(scalar)).map { Int32($0) } ?? -1
      }
      if id >= 0 {
        unknowns.take(id)
      } else {
        takeUnknown(UnsafeBufferPointer(start: word + position, count: width), &unknowns)
      }
      position += width
    }
    return unknowns.finish()
  }

  /// A byte-level word with bytes that are no tokens: their spelling is an unknown character of two bytes.
  private func incompleteBytes(
    _ word: UnsafePointer<UInt8>, _ length: Int, _ workspace: EncodingWorkspace
  ) -> UnsafeMutableBufferPointer<Int32> {
    workspace.reserve(2 * length)
    var unknowns = Unknowns(workspace.symbols)
    for index in 0..<length {
      let byte = word[index]
      if byteIDs[Int(byte)] >= 0 {
        unknowns.take(byteIDs[Int(byte)])
      } else {
        Array(UTF8.encode(ByteAlphabet.scalars[Int(byte)])!).withUnsafeBufferPointer { takeUnknown($0, &unknowns) }
      }
    }
    let symbols = UnsafeMutableBufferPointer(rebasing: workspace.symbols[..<unknowns.finish()])
    return UnsafeMutableBufferPointer(rebasing: symbols[..<merges.apply(to: symbols)])
  }

  private func takeUnknown(_ character: UnsafeBufferPointer<UInt8>, _ unknowns: inout Unknowns) {
    if options.fallsBackToBytes, character.allSatisfy({ fallbackIDs[Int($0)] >= 0 }) {
      for byte in character { unknowns.takeByte(fallbackIDs[Int(byte)]) }
    } else if let unknown {
      unknowns.takeUnknown(unknown, fuses: options.fusesUnknown)
    }
  }
}

/// Collects the first symbols of a word. An unknown one waits for the next known one, as in the reference, where
/// bytes that stand for a character overtake it.
private struct Unknowns {
  private let symbols: UnsafeMutableBufferPointer<Int32>
  private var count = 0
  private var waiting: Int32 = -1

  init(_ symbols: UnsafeMutableBufferPointer<Int32>) { self.symbols = symbols }

  @inline(__always) mutating func take(_ id: Int32) {
    if waiting >= 0 { flush() }
    symbols[count] = id
    count += 1
  }

  mutating func takeByte(_ id: Int32) {
    symbols[count] = id
    count += 1
  }

  mutating func takeUnknown(_ id: Int32, fuses: Bool) {
    if waiting >= 0, !fuses { flush() }
    waiting = id
  }

  mutating func finish() -> Int {
    if waiting >= 0 { flush() }
    return count
  }

  private mutating func flush() {
    symbols[count] = waiting
    count += 1
    waiting = -1
  }
}
