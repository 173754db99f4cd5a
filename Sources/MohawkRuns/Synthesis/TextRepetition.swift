import MohawkServing

/// How much documents repeat themselves and each other, how long they are, and how they ended.
public struct TextRepetition: Codable, Sendable, Equatable {
  /// Share of a document's four-word sequences that were in it before: the mean of all documents, and the ninth tenth.
  public var repeatedMean = 0.0, repeatedP90 = 0.0
  /// Different four-word sequences over all documents, as a share of all.
  public var distinct = 0.0
  /// Tokens of a document.
  public var lengthMean = 0.0
  /// The same: tenths of the documents have fewer.
  public var lengthP10 = 0, lengthP50 = 0, lengthP90 = 0
  /// Documents that ended by a token that ends texts, and by their limit.
  public var ended = 0, cut = 0
}

/// Counts repetition, document by document.
struct RepetitionCounter {
  private var seen: Set<UInt64> = []
  private var total = 0
  private var shares: [Double] = []
  private var lengths: [Int] = []
  private var ended = 0

  mutating func add(_ document: SynthesizedDocument) {
    lengths.append(document.tokens)
    if document.finish == .stop { ended += 1 }
    let words = document.written.utf8.split { $0 == 0x20 || (0x09...0x0D).contains($0) }.map(Self.hash)
    guard words.count >= 4 else { return }
    var own: Set<UInt64> = []
    for first in 0...(words.count - 4) {
      var hash: UInt64 = 0
      for word in words[first..<first + 4] { hash = ((hash ^ (hash >> 29)) &+ word) &* 0x9E37_79B9_7F4A_7C15 }
      own.insert(hash)
    }
    let count = words.count - 3
    shares.append(1 - Double(own.count) / Double(count))
    total += count
    seen.formUnion(own)
  }

  /// FNV-1a.
  private static func hash(_ word: Substring.UTF8View) -> UInt64 {
    word.reduce(0xCBF2_9CE4_8422_2325 as UInt64) { ($0 ^ UInt64($1)) &* 0x100_0000_01B3 }
  }

  var result: TextRepetition {
    var result = TextRepetition()
    func quantile<Value: Comparable>(_ values: [Value], _ tenths: Int) -> Value? {
      values.isEmpty ? nil : values.sorted()[(values.count - 1) * tenths / 10]
    }
    if !shares.isEmpty { result.repeatedMean = shares.reduce(0, +) / Double(shares.count) }
    result.repeatedP90 = quantile(shares, 9) ?? 0
    if total > 0 { result.distinct = Double(seen.count) / Double(total) }
    if !lengths.isEmpty { result.lengthMean = Double(lengths.reduce(0, +)) / Double(lengths.count) }
    result.lengthP10 = quantile(lengths, 1) ?? 0
    result.lengthP50 = quantile(lengths, 5) ?? 0
    result.lengthP90 = quantile(lengths, 9) ?? 0
    (result.ended, result.cut) = (ended, lengths.count - ended)
    return result
  }
}
