import MohawkFiles

/// The parts of a tokenizer after they were found to fit together.
struct CheckedParts {
  let model: BytePairModel
  /// In ascending order of id.
  private(set) var added: [AddedToken] = []
  private(set) var addedIDs: [[UInt8]: Int32] = [:]
  /// Entry of the vocabulary by id, -1 where there is none.
  private(set) var entries: [Int32] = []
  private(set) var highest = -1
  let pairs: [(left: Int32, right: Int32)]
  let parts: TokenizerParts
  /// What added tokens that are looked for in normalised text become there.
  private var normalized: [Int32: [UInt8]] = [:]

  /// Ids from here on are refused: tables by id would fill the memory.
  static let largestID = 1 << 24
  /// In a smaller file than this, ids may be larger than its size.
  private static let smallFile = 1 << 16

  var count: Int { parts.vocabulary.count + added.count { entries[Int($0.id)] < 0 } }

  init(_ parts: TokenizerParts) throws {
    self.parts = parts
    let spelled = parts.normalizer?.spaceReplacement ?? [0x20]
    let resolved = try Self.merges(parts)
    pairs = resolved.pairs
    model = BytePairModel(
      parts.vocabulary, MergeTable(pairs: resolved.pairs, results: resolved.results), spellings: parts.merges,
      parts.options, isByteLevel: parts.preTokenizer.isByteLevel,
      marker: parts.preTokenizer.marker(space: spelled))
    try takeVocabulary()
    try takeAddedTokens()
    guard highest >= 0 else { throw fault("the vocabulary is empty") }
    try checkRoles()
  }

  private mutating func takeVocabulary() throws {
    let ids = parts.vocabulary.ids
    for (entry, id) in ids.enumerated() { try checkRange(Int(id), parts.vocabulary.spelling(entry)) }
    highest = Int(ids.max() ?? -1)
    entries = [Int32](repeating: -1, count: highest + 1)
    for (entry, id) in ids.enumerated() {
      if entries[Int(id)] >= 0 {
        throw fault("the id \(id) belongs to two tokens, one of them \(quoted(parts.vocabulary.spelling(entry)))")
      }
      entries[Int(id)] = Int32(entry)
    }
  }

  /// Gives added tokens their ids as the reference does, which does not read those in the file: that of their entry in
  /// the vocabulary, else the next one after as many as the vocabulary has entries.
  private mutating func takeAddedTokens() throws {
    var next = parts.vocabulary.count
    for var token in Self.once(parts.added) where !token.content.isEmpty {
      let content = Array(token.content.utf8)
      if let id = parts.vocabulary.id(of: content) {
        token.id = id
      } else {
        try checkRange(next, content[...])
        if next < entries.count, entries[next] >= 0 {
          throw fault("the added token \(quoted(content[...])) gets the id \(next), which the vocabulary uses already")
        }
        token.id = Int32(next)
        next += 1
      }
      addedIDs[content] = token.id
      if token.normalized,
        let changed = content.withUnsafeBufferPointer({
          parts.normalizer?.normalized($0, continues: false).bytes
        })
      {
        normalized[token.id] = changed
      }
      added.append(token)
    }
    highest = max(highest, next - 1, -1)
    if highest >= entries.count {
      entries.append(contentsOf: [Int32](repeating: -1, count: highest + 1 - entries.count))
    }
    added.sort { $0.id < $1.id }
  }

  /// Tokens that are defined again keep their place and get the last flags; what was special once stays so.
  private static func once(_ tokens: [AddedToken]) -> [AddedToken] {
    var places: [[UInt8]: Int] = [:]
    var result: [AddedToken] = []
    for token in tokens {
      guard let place = places.updateValue(result.count, forKey: token.key) else {
        result.append(token)
        continue
      }
      places[token.key] = place
      let wasSpecial = result[place].special
      result[place] = token
      result[place].special = token.special || wasSpecial
    }
    return result
  }

  private static func merges(
    _ parts: TokenizerParts
  ) throws -> (pairs: [(left: Int32, right: Int32)], results: [Int32]) {
    var pairs: [(left: Int32, right: Int32)] = []
    var results: [Int32] = []
    pairs.reserveCapacity(parts.merges.count)
    results.reserveCapacity(parts.merges.count)
    try parts.merges.forEach { rank, left, right in
      func id(_ spelling: UnsafeBufferPointer<UInt8>, _ what: StaticString) throws -> Int32 {
        if let id = parts.vocabulary.id(of: spelling) { return id }
        let name = String(decoding: spelling.prefix(60), as: UTF8.self)
        throw MohawkError(
          .invalidFormat, "merge \(rank) \(what) \"\(name)\", which is not in the vocabulary", at: parts.location)
      }
      pairs.append((try id(left, "names the token"), try id(right, "names the token")))
      let whole = UnsafeBufferPointer(start: left.baseAddress ?? right.baseAddress, count: left.count + right.count)
      results.append(try id(whole, "makes the token"))
    }
    return (pairs, results)
  }

  private func checkRange(_ id: Int, _ spelling: ArraySlice<UInt8>) throws {
    // Tables by id stay below the size of the file.
    let bound = min(Self.largestID, max(Self.smallFile, parts.source?.count ?? Self.largestID))
    guard id >= 0, id < bound else {
      throw MohawkError(
        .outOfRange, "the token \(quoted(spelling)) has the id \(id); ids from 0 to \(bound - 1) are possible",
        at: parts.location)
    }
  }

  private func checkRoles() throws {
    if let unknown = model.missingUnknown {
      throw fault("the unknown token \(quoted(unknown[...])) is not in the vocabulary")
    }
    let known = Set(added.map(\.id))
    for id in parts.template.prefix + parts.template.suffix {
      let isEntry = id >= 0 && id <= highest && entries[Int(id)] >= 0
      if !isEntry, !known.contains(id) { throw fault("the post-processor adds the id \(id), which no token has") }
    }
  }

  private func fault(_ message: String) -> MohawkError {
    MohawkError(.invalidFormat, message, at: parts.location)
  }

  private func quoted(_ spelling: ArraySlice<UInt8>) -> String {
    "\"\(String(decoding: spelling.prefix(60), as: UTF8.self))\""
  }
}

extension CheckedParts {
  /// Added tokens that are looked for in normalised text, as they stand there.
  var normalizedTokens: [AddedToken] {
    added.filter(\.normalized).map { token in
      var token = token
      if let changed = normalized[token.id] { token.content = String(decoding: changed, as: UTF8.self) }
      return token
    }
  }

  /// What the decoder gets for each id.
  func tokenBytes() -> (arena: [UInt8], starts: [UInt32], kinds: [Tokenizer.TokenKind]) {
    var arena: [UInt8] = []
    var starts: [UInt32] = [0]
    starts.reserveCapacity(highest + 2)
    arena.reserveCapacity(8 * (highest + 1))
    var kinds = entries.map { $0 < 0 ? Tokenizer.TokenKind.none : .vocabulary }
    for token in added { kinds[Int(token.id)] = kinds[Int(token.id)] == .none ? .added : .addedInVocabulary }
    let contents = Dictionary(uniqueKeysWithValues: added.map { ($0.id, $0.content) })
    var isByteLevel = false
    if case .byteLevel = parts.decoder { isByteLevel = true }
    for id in 0...highest {
      if let content = contents[Int32(id)] {
        (normalized[Int32(id)] ?? Array(content.utf8)).withUnsafeBufferPointer { put($0) }
      } else if entries[id] >= 0 {
        parts.vocabulary.spelling(Int(entries[id])).withUnsafeBufferPointer { put($0) }
      }
      starts.append(UInt32(arena.count))
    }
    func put(_ spelling: UnsafeBufferPointer<UInt8>) {
      if !isByteLevel || !ByteAlphabet.append(bytesSpelledBy: spelling, to: &arena) {
        arena.append(contentsOf: spelling)
      }
    }
    return (arena, starts, kinds)
  }

  /// Tokens that readable text leaves out: those that decode to the content of a special one.
  func skipped() -> Set<Int32> {
    let special = Set(added.filter(\.special).map { Array($0.content.utf8) })
    return Set(added.filter { special.contains(normalized[$0.id] ?? Array($0.content.utf8)) }.map(\.id))
  }

  /// The id of a token that a configuration names.
  func id(named name: String?, _ role: String) throws -> Int32? {
    guard let name else { return nil }
    if let id = addedIDs[Array(name.utf8)] ?? parts.vocabulary.id(of: Array(name.utf8)) { return id }
    throw MohawkError(
      .mismatch, "the \(role) \"\(name)\" is not in the vocabulary", at: parts.location,
      remedy: "use the tokenizer.json that belongs to this tokenizer_config.json")
  }
}
