import MohawkFiles

/// Walks through the bytes of a GGUF file; every step checks that the bytes are there.
///
/// Counts and lengths come from the file: nothing is allocated before they are known to fit in what is left of it.
struct GGUFCursor {
  private let bytes: UnsafeRawBufferPointer
  private let path: String
  private(set) var offset: Int

  init(_ bytes: UnsafeRawBufferPointer, at offset: Int = 0, path: String) {
    self.bytes = bytes
    self.offset = offset
    self.path = path
  }

  var remaining: Int { bytes.count - offset }

  /// The next `count` bytes.
  mutating func take(_ count: Int, _ what: @autoclosure () -> String) throws -> UnsafeRawBufferPointer {
    guard count <= remaining else {
      throw failure(.truncatedFile, "the file ends inside \(what())", remedy: "download or copy it again")
    }
    defer { offset += count }
    return UnsafeRawBufferPointer(rebasing: bytes[offset..<offset + count])
  }

  /// The next number, little-endian.
  mutating func read<Number: FixedWidthInteger>(
    as: Number.Type = Number.self, _ what: @autoclosure () -> String
  ) throws -> Number {
    let size = MemoryLayout<Number>.size
    guard size <= remaining else {
      throw failure(.truncatedFile, "the file ends inside \(what())", remedy: "download or copy it again")
    }
    defer { offset += size }
    var number: Number = 0
    withUnsafeMutableBytes(of: &number) {
      $0.copyMemory(from: UnsafeRawBufferPointer(rebasing: bytes[offset..<offset + size]))
    }
    return Number(littleEndian: number)
  }

  /// The next count, of things that take `least` bytes or more each.
  mutating func count(ofAtLeast least: Int, _ what: @autoclosure () -> String) throws -> Int {
    let count = try read(as: UInt64.self, what())
    guard count <= UInt64(remaining / least) else {
      throw failure(
        .truncatedFile, "\(count) \(what()) do not fit in the \(remaining) bytes that are left",
        remedy: "download or copy it again")
    }
    return Int(count)
  }

  /// The next text, UTF-8 behind its length.
  mutating func text(_ what: @autoclosure () -> String) throws -> String {
    let start = offset
    let count = try count(ofAtLeast: 1, "bytes of " + what())
    let utf8 = try take(count, what())
    let text = String(decoding: utf8, as: UTF8.self)
    // Decoding mends what is not UTF-8; then the bytes differ.
    guard text.utf8.count == count, text.utf8.elementsEqual(utf8) else {
      throw failure(.invalidFormat, "\(what()) at byte \(start) is not UTF-8 text")
    }
    return text
  }

  func failure(_ code: MohawkError.Code, _ message: String, remedy: String? = nil) -> MohawkError {
    MohawkError(code, message, at: path, remedy: remedy)
  }
}
