import Foundation
import MohawkFiles

/// Writes ids as nanoGPT's flat binary files, `tokens-00000.bin` and so on, each with a side-car `.json`.
///
/// A shard appears under its name when it is whole, and its side-car after it; `shards.json` lists all at the end. With
/// a loss mask there is also `tokens-00000.mask`: a bit for every id, the lowest of a byte first, set where it counts.
public struct TokenShardWriter: ~Copyable {
  private let folder: String
  private let tokensPerShard: Int
  private let blank: TokenShardInfo
  private var info: TokenShardInfo
  private var file: AtomicFile?
  private var buffer: [UInt8] = []
  /// Bits of the shard at work; nil where there is no loss mask.
  private var mask: [UInt8]?
  /// The shards that are finished.
  public private(set) var finished: [TokenShardInfo] = []
  private var manifest = ShardManifest()

  private static let bufferSize = 1 << 20

  /// - Parameters:
  ///   - folder: an existing folder.
  ///   - tokenizer: where the ids come from.
  ///   - tokensPerShard: when to begin the next shard.
  ///   - hasLossMask: whether it is written which ids count in the loss.
  public init(
    folder: String, tokenizer: Tokenizer, tokensPerShard: Int = 100_000_000, hasLossMask: Bool = false
  ) {
    precondition(tokensPerShard > 0, "tokensPerShard must be positive, got \(tokensPerShard)")
    self.folder = folder
    self.tokensPerShard = tokensPerShard
    blank = TokenShardInfo(
      type: TokenType(idsBelow: Int(tokenizer.highestID) + 1), tokenizer: tokenizer.fingerprint,
      vocabularySize: tokenizer.vocabularySize, count: 0, documents: 0, bytes: 0,
      lossTokens: hasLossMask ? 0 : nil)
    info = blank
    mask = hasLossMask ? [] : nil
  }

  /// Appends ids; a full shard is closed and the next one begun.
  /// - Parameters:
  ///   - ids: the next tokens.
  ///   - bytes: how many bytes of text they stand for; they are counted in the shard at work.
  ///   - counting: which of them, by their place among `ids`, count in the loss where the shards have a mask.
  public mutating func append(_ ids: [Int32], bytes: Int, counting: [Range<Int>] = []) throws {
    info.bytes += bytes
    var rest = ids[...]
    while !rest.isEmpty {
      // A full shard is closed only when more follows, so that a document's end is counted where its last token is.
      if info.count == tokensPerShard { try closeShard() }
      let part = rest.prefix(tokensPerShard - info.count)
      rest = rest.dropFirst(part.count)
      mark(counting.map { $0.clamped(to: part.indices) }, of: part)
      try write(part)
    }
  }

  /// Notes that a document ends here.
  public mutating func endDocument() { info.documents += 1 }

  /// Closes the last shard.
  public mutating func finish() throws {
    if info.count > 0 { try closeShard() }
    if !finished.isEmpty { try manifest.write(to: folder) }
  }

  private mutating func mark(_ ranges: [Range<Int>], of part: ArraySlice<Int32>) {
    guard mask != nil else { return }
    let bytes = (info.count + part.count + 7) / 8
    mask!.append(contentsOf: repeatElement(0, count: bytes - mask!.count))
    for range in ranges {
      info.lossTokens! += range.count
      for place in range {
        let bit = info.count + place - part.startIndex
        mask![bit / 8] |= 1 << (bit % 8)
      }
    }
  }

  private mutating func write(_ ids: ArraySlice<Int32>) throws {
    if file == nil { file = try AtomicFile(path("bin")) }
    info.count += ids.count
    switch info.type {
    case .uint16:
      for id in ids {
        buffer.append(UInt8(truncatingIfNeeded: id))
        buffer.append(UInt8(truncatingIfNeeded: id >> 8))
      }
    case .uint32:
      for id in ids { withUnsafeBytes(of: id.littleEndian) { buffer.append(contentsOf: $0) } }
    }
    if buffer.count >= Self.bufferSize { try flush() }
  }

  private mutating func flush() throws {
    try buffer.withUnsafeBytes { try file?.write($0) }
    buffer.removeAll(keepingCapacity: true)
  }

  private mutating func closeShard() throws {
    try flush()
    try file?.commit()
    if let mask {
      try AtomicFile.write(Data(mask), to: path(TokenShards.maskSuffix))
      manifest.files[Self.name(finished.count) + "." + TokenShards.maskSuffix] = try FileDigest(
        of: path(TokenShards.maskSuffix))
      self.mask = []
    }
    try info.write(to: path("json"))
    manifest.files[Self.name(finished.count) + ".bin"] = try FileDigest(of: path("bin"))
    file = nil
    finished.append(info)
    info = blank
  }

  private func path(_ suffix: String) -> String { "\(folder)/\(Self.name(finished.count)).\(suffix)" }

  /// What a shard is called, without its suffix.
  static func name(_ number: Int) -> String {
    let digits = String(number)
    return "tokens-" + String(repeating: "0", count: max(0, 5 - digits.count)) + digits
  }

  /// The number in such a name; nil for other names.
  static func number(of name: String) -> Int? {
    Int(name.dropFirst("tokens-".count)).flatMap { Self.name($0) == name ? $0 : nil }
  }
}
