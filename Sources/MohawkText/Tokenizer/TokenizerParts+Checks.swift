import MohawkFiles

/// The parts of a tokenizer after they were found to fit together.
struct CheckedParts {
  let added: [AddedToken]
  private(set) var ids: [[UInt8]: Int32] = [:]
  private(set) var pairs: [(left: Int32, right: Int32)] = []
  private(set) var results: [Int32] = []
  private(set) var byteIDs: [Int32] = []
  private(set) var highest = -1
  private let parts: TokenizerParts

  /// Ids above this are refused: tables by id would fill the memory.
  static let largestID = 1 << 24

  var count: Int { ids.count }

  init(_ parts: TokenizerParts) throws {
    self.parts = parts
    added = parts.added.sorted { $0.id < $1.id }
    try takeVocabulary()
    try takeAddedTokens()
    guard highest >= 0 else { throw fault("the vocabulary is empty") }
    try takeBytes()
    try takeMerges()
  }

  private mutating func takeVocabulary() throws {
    ids.reserveCapacity(parts.vocabulary.count + parts.added.count)
    for (spelling, id) in parts.vocabulary {
      try checkRange(id, spelling)
      guard ids.updateValue(Int32(id), forKey: spelling) == nil else {
        throw fault("the token \(quoted(spelling)) stands twice in the vocabulary")
      }
      highest = max(highest, id)
    }
    var owners = [Bool](repeating: false, count: highest + 1)
    for (spelling, id) in parts.vocabulary {
      if owners[id] { throw fault("the id \(id) belongs to two tokens, one of them \(quoted(spelling))") }
      owners[id] = true
    }
  }

  private mutating func takeAddedTokens() throws {
    var owners: [Int32: [UInt8]] = [:]
    let taken = Set(ids.values)
    for token in added {
      let content = Array(token.content.utf8)
      if content.isEmpty { throw fault("the added token with id \(token.id) is empty") }
      try checkRange(Int(token.id), content)
      if owners.updateValue(content, forKey: token.id) != nil {
        throw fault("two added tokens have the id \(token.id)")
      }
      if let known = ids[content] {
        guard known == token.id else {
          throw fault("the token \(quoted(content)) has two ids, \(known) and \(token.id)")
        }
      } else if taken.contains(token.id) {
        throw fault("the added token \(quoted(content)) has the id \(token.id), which the vocabulary uses already")
      }
      ids[content] = token.id
      highest = max(highest, Int(token.id))
    }
  }

  private mutating func takeBytes() throws {
    byteIDs = try ByteAlphabet.scalars.enumerated().map { byte, scalar in
      guard let id = ids[Array(UTF8.encode(scalar)!)] else {
        throw MohawkError(
          .unsupported,
          "the vocabulary has no token \"\(scalar)\" for the byte \(byte), so some text could not be encoded",
          at: parts.location, remedy: "use a byte-level vocabulary with all 256 bytes")
      }
      return id
    }
  }

  private mutating func takeMerges() throws {
    for (rank, merge) in parts.merges.enumerated() {
      func id(_ spelling: [UInt8], _ what: String) throws -> Int32 {
        if let id = ids[spelling] { return id }
        throw fault("merge \(rank) \(what) \(quoted(spelling)), which is not in the vocabulary")
      }
      pairs.append((try id(merge.left, "names the token"), try id(merge.right, "names the token")))
      results.append(try id(merge.left + merge.right, "makes the token"))
    }
  }

  private func checkRange(_ id: Int, _ spelling: [UInt8]) throws {
    guard id >= 0, id < Self.largestID else {
      throw MohawkError(
        .outOfRange, "the token \(quoted(spelling)) has the id \(id); ids from 0 to \(Self.largestID - 1) are possible",
        at: parts.location)
    }
  }

  private func fault(_ message: String) -> MohawkError {
    MohawkError(.invalidFormat, message, at: parts.location)
  }

  private func quoted(_ spelling: [UInt8]) -> String {
    "\"\(String(decoding: spelling.prefix(60), as: UTF8.self))\""
  }
}

extension CheckedParts {
  /// The bytes of all tokens by id.
  func tokenBytes() -> (arena: [UInt8], starts: [UInt32], kinds: [Tokenizer.TokenKind]) {
    var tokens = [[UInt8]](repeating: [], count: highest + 1)
    var kinds = [Tokenizer.TokenKind](repeating: .none, count: highest + 1)
    for (spelling, id) in parts.vocabulary {
      let bytes = ByteAlphabet.bytes(spelledBy: spelling)
      tokens[id] = bytes ?? spelling
      kinds[id] = bytes == nil ? .verbatim : .bytes
    }
    for token in added {
      tokens[Int(token.id)] = Array(token.content.utf8)
      kinds[Int(token.id)] = kinds[Int(token.id)] == .none ? .added : .addedInVocabulary
    }
    var arena: [UInt8] = []
    var starts: [UInt32] = [0]
    starts.reserveCapacity(tokens.count + 1)
    for token in tokens {
      arena.append(contentsOf: token)
      starts.append(UInt32(arena.count))
    }
    return (arena, starts, kinds)
  }

  /// FNV-1a (64 bits) over the pre-tokenizer, the vocabulary by id, the merges by rank and the added tokens.
  func fingerprint() -> String {
    var hash: UInt64 = 0xCBF2_9CE4_8422_2325
    func mix(_ bytes: some Sequence<UInt8>) {
      for byte in bytes { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01B3 }
    }
    func mix(_ number: Int) {
      withUnsafeBytes(of: Int64(number).littleEndian) { mix($0) }
    }
    mix(parts.preTokenizer.rawValue.utf8)
    for (spelling, id) in parts.vocabulary.sorted(by: { $0.id < $1.id }) {
      mix(id)
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
      mix(token.content.utf8.count)
      mix(token.content.utf8)
      mix([token.singleWord, token.stripsLeft, token.stripsRight, token.normalized, token.special].map { $0 ? 1 : 0 })
    }
    let digits = String(hash, radix: 16)
    return String(repeating: "0", count: 16 - digits.count) + digits
  }
}
