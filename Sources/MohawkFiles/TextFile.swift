/// Small text files that people wrote: prompts, recipes, tasks.
public enum TextFile {
  /// The bytes of a file as UTF-8: decoded from what its byte order mark says, without the mark.
  /// - Throws: `MohawkError` when it cannot be read, or is not of the encoding that its mark says.
  public static func bytes(_ path: String) throws -> [UInt8] {
    try MappedFile(path).withBytes { try utf8($0.bindMemory(to: UInt8.self), at: path) }
  }

  /// The same of bytes that were read already.
  /// - Parameters:
  ///   - bytes: the file's.
  ///   - place: what an error calls them.
  public static func utf8(_ bytes: UnsafeBufferPointer<UInt8>, at place: String) throws -> [UInt8] {
    let (encoding, mark) = TextEncoding.detect(bytes)
    let text = UnsafeBufferPointer(rebasing: bytes[mark...])
    if mark == 0, TextEncoding.looksWide(text) { throw unmarked(place) }
    var decoder = TextDecoder(encoding)
    var result: [UInt8] = []
    guard decoder.decode(text, into: &result), decoder.isAtEnd else { throw damaged(encoding, place) }
    return result
  }

  /// The lines of a file, as UTF-8, without the ends of lines (LF or CR LF).
  public static func lines(_ path: String) throws -> [ArraySlice<UInt8>] {
    try bytes(path).split(separator: 0x0A, omittingEmptySubsequences: false).map {
      $0.last == 0x0D ? $0.dropLast() : $0
    }
  }

  /// The error of a text that is not of the encoding that its mark says.
  package static func damaged(_ encoding: TextEncoding, _ path: String) -> MohawkError {
    MohawkError(
      .invalidFormat,
      "the file begins with the mark of UTF-\(8 * encoding.unit) and is not valid UTF-\(8 * encoding.unit)",
      at: path, remedy: "save it as UTF-8")
  }

  /// The error of UTF-16 or UTF-32 that does not say so.
  package static func unmarked(_ path: String) -> MohawkError {
    MohawkError(
      .invalidFormat, "the file is full of zero bytes: it is UTF-16 or UTF-32 without a byte order mark, or no text",
      at: path, remedy: "save it as UTF-8, such as with iconv -f utf-16le -t utf-8")
  }
}
