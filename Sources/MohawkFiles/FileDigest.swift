/// Size and XXH64 of a file: enough to notice every accidental change (not a defence against deliberate ones).
public struct FileDigest: Codable, Sendable, Equatable {
  /// The file's size.
  public var bytes: Int
  /// Sixteen hexadecimal digits.
  public var xxh64: String

  /// Reads the whole file.
  /// - Throws: `MohawkError` when it is missing or cannot be read.
  public init(of path: String) throws {
    let map = try MappedFile(path)
    bytes = map.count
    xxh64 = map.withBytes { Self.hexadecimal(xxHash64($0)) }
  }

  /// Refuses a file that is not there, or is no longer what was written.
  /// - Parameters:
  ///   - path: the file.
  ///   - what: what to call it, such as `the shard`.
  ///   - readsAll: also reads every byte; otherwise only the size is compared.
  ///   - remedy: what the reader can do about it.
  public func require(_ path: String, as what: String, readsAll: Bool = true, remedy: String? = nil) throws {
    let file: MappedFile
    do {
      file = try MappedFile(path)
    } catch let error as MohawkError where error.code == .missingFile {
      throw MohawkError(.missingFile, "\(what) is missing", at: path, remedy: remedy)
    }
    guard file.count == bytes else {
      throw MohawkError(
        file.count < bytes ? .truncatedFile : .mismatch, "\(what) has \(file.count) bytes instead of \(bytes)",
        at: path, remedy: remedy)
    }
    guard !readsAll || file.withBytes({ Self.hexadecimal(xxHash64($0)) }) == xxh64 else {
      throw MohawkError(
        .invalidFormat, "the content of \(what) has changed since it was written", at: path, remedy: remedy)
    }
  }

  /// A hash as sixteen digits.
  public static func hexadecimal(_ hash: UInt64) -> String {
    let digits = String(hash, radix: 16)
    return String(repeating: "0", count: 16 - digits.count) + digits
  }
}

/// XXH64 with seed 0, by the specification of Yann Collet (doc/xxhash_spec.md of Cyan4973/xxHash).
public func xxHash64(_ bytes: UnsafeRawBufferPointer) -> UInt64 {
  let primes: (UInt64, UInt64, UInt64, UInt64, UInt64) = (
    0x9E37_79B1_85EB_CA87, 0xC2B2_AE3D_27D4_EB4F, 0x1656_67B1_9E37_79F9, 0x85EB_CA77_C2B2_AE63, 0x27D4_EB2F_1656_67C5
  )
  func rotated(_ x: UInt64, _ by: UInt64) -> UInt64 { x << by | x >> (64 - by) }
  func round(_ lane: UInt64, _ word: UInt64) -> UInt64 { rotated(lane &+ word &* primes.1, 31) &* primes.0 }
  func word(_ at: Int) -> UInt64 { UInt64(littleEndian: bytes.loadUnaligned(fromByteOffset: at, as: UInt64.self)) }

  var position = 0
  var hash: UInt64
  if bytes.count >= 32 {
    var a = primes.0 &+ primes.1
    var b = primes.1
    var c: UInt64 = 0
    var d = 0 &- primes.0
    while position + 32 <= bytes.count {
      a = round(a, word(position))
      b = round(b, word(position + 8))
      c = round(c, word(position + 16))
      d = round(d, word(position + 24))
      position += 32
    }
    hash = rotated(a, 1) &+ rotated(b, 7) &+ rotated(c, 12) &+ rotated(d, 18)
    for lane in [a, b, c, d] { hash = (hash ^ round(0, lane)) &* primes.0 &+ primes.3 }
  } else {
    hash = primes.4
  }
  hash &+= UInt64(bytes.count)
  while position + 8 <= bytes.count {
    hash = rotated(hash ^ round(0, word(position)), 27) &* primes.0 &+ primes.3
    position += 8
  }
  if position + 4 <= bytes.count {
    let half = UInt32(littleEndian: bytes.loadUnaligned(fromByteOffset: position, as: UInt32.self))
    hash = rotated(hash ^ UInt64(half) &* primes.0, 23) &* primes.1 &+ primes.2
    position += 4
  }
  while position < bytes.count {
    hash = rotated(hash ^ UInt64(bytes[position]) &* primes.4, 11) &* primes.0
    position += 1
  }
  hash = (hash ^ hash >> 33) &* primes.1
  hash = (hash ^ hash >> 29) &* primes.2
  return hash ^ hash >> 32
}
