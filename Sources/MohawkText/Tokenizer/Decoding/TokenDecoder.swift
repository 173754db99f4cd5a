/// How the tokens' spellings become text.
enum TokenDecoder: Sendable {
  /// Spellings are bytes in the byte alphabet.
  case byteLevel
  /// Spellings with a space between two of them: what the reference does without a decoder.
  case spaced
  case chain([Step])

  enum Step: Sendable {
    case replace([UInt8], with: [UInt8])
    /// `<0xE4>` becomes its byte. A run of them that is not UTF-8 becomes as many U+FFFD.
    case byteFallback
    case metaspace(Metaspace)
    /// Up to `most` of a character at the start of each token.
    case strip(Unicode.Scalar, most: Int)
    /// From here on all tokens are one.
    case fuse
  }
}

/// A decoder at work: tokens go in, bytes come out.
///
/// Bytes of a run of `<0xE4>` come out when the run ends, because only then is it known whether it is text.
struct TokenDecoding: Sendable {
  /// What a step remembers.
  private struct Memory {
    var isFirst = true
    var isFused = false
    var pending: [UInt8] = []
    /// What is left of a strip over the fused token.
    var left = 0
  }

  private let steps: [TokenDecoder.Step]
  private let isSpaced: Bool
  /// Whether runs of bytes that are not UTF-8 come out as they are.
  private let keepsBytes: Bool
  private var memories: [Memory]
  private(set) var output: [UInt8] = []

  init(_ decoder: TokenDecoder, keepsBytes: Bool) {
    self.keepsBytes = keepsBytes
    switch decoder {
    case .byteLevel, .spaced: steps = []
    case .chain(let chain): steps = chain
    }
    if case .spaced = decoder { isSpaced = true } else { isSpaced = false }
    memories = steps.map { _ in Memory() }
    var isFused = false
    for (index, step) in steps.enumerated() {
      memories[index].isFused = isFused
      if case .strip(_, let most) = step { memories[index].left = most }
      if case .fuse = step { isFused = true }
    }
    self.isFirst = true
  }

  private var isFirst: Bool

  /// Takes the next token.
  mutating func append(_ token: ArraySlice<UInt8>) {
    if isSpaced, !isFirst { output.append(0x20) }
    isFirst = false
    feed(token, 0)
  }

  /// Takes the end of the text.
  mutating func finish() {
    for index in steps.indices { flush(index) }
  }

  /// Takes what has come out so far.
  mutating func takeOutput() -> [UInt8] {
    defer { output = [] }
    return output
  }

  private mutating func feed(_ token: ArraySlice<UInt8>, _ index: Int) {
    guard index < steps.count else { return output.append(contentsOf: token) }
    switch steps[index] {
    case .fuse: feed(token, index + 1)
    case .replace(let pattern, let replacement):
      feed(Self.replacing(pattern, in: token, with: replacement), index + 1)
    case .byteFallback:
      if let byte = Self.byte(token) { return memories[index].pending.append(byte) }
      flush(index)
      feed(token, index + 1)
    case .metaspace(let metaspace):
      let isDropped = memories[index].isFirst && metaspace.prepending != .never
      memories[index].isFirst = false
      feed(Self.replacing(metaspace.bytes, in: token, with: isDropped ? [] : [0x20]), index + 1)
    case .strip(let content, let most):
      var left = memories[index].isFused ? memories[index].left : most
      var rest = token
      let bytes = Array(UTF8.encode(content)!)
      while left > 0, rest.starts(with: bytes) {
        rest = rest.dropFirst(bytes.count)
        left -= 1
      }
      // What follows something else in the fused token stays.
      memories[index].left = rest.isEmpty ? left : 0
      feed(rest, index + 1)
    }
  }

  /// Ends a run of bytes.
  private mutating func flush(_ index: Int) {
    let bytes = memories[index].pending
    if bytes.isEmpty { return }
    memories[index].pending = []
    if keepsBytes || String(validating: bytes, as: UTF8.self) != nil {
      feed(bytes[...], index + 1)
    } else {
      for _ in bytes { feed([0xEF, 0xBF, 0xBD], index + 1) }
    }
  }

  /// The byte that a token of the form `<0xE4>` stands for.
  private static func byte(_ token: ArraySlice<UInt8>) -> UInt8? {
    guard token.count == 6, token.starts(with: [0x3C, 0x30, 0x78]), token.last == 0x3E else { return nil }
    // As in the reference the first digit may be a plus sign.
    return UInt8(String(decoding: token.dropFirst(3).prefix(2), as: UTF8.self), radix: 16)
  }

  private static func replacing(
    _ pattern: [UInt8], in token: ArraySlice<UInt8>, with replacement: [UInt8]
  ) -> ArraySlice<UInt8> {
    guard token.contains(pattern[0]) else { return token }
    var result: [UInt8] = []
    var rest = token
    while let first = rest.first {
      if first == pattern[0], rest.starts(with: pattern) {
        result.append(contentsOf: replacement)
        rest = rest.dropFirst(pattern.count)
      } else {
        result.append(first)
        rest = rest.dropFirst()
      }
    }
    return result[...]
  }
}
