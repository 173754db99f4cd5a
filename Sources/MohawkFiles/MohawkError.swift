/// The one error that a user sees: what happened, where, and how to mend it.
///
/// Library code throws it for everything that comes from outside (files, folders, recipes, token ids,
/// tokenizers, sockets). Programming mistakes trap instead.
public struct MohawkError: Error, Sendable, Equatable {
  /// What kind of failure this is, for code that reacts to it.
  public enum Code: String, Sendable {
    /// What was given is not there, ends too early, is not of its format, or does not fit something else.
    case missingFile, truncatedFile, invalidFormat, mismatch
    /// The system refuses to read or write, or has no room.
    case notReadable, notWritable, diskFull
    /// A name that nobody knows, or a value that cannot be.
    case unknownKey, invalidValue, outOfRange
    /// Another process has it; numbers broke down; the user stopped the work; it is not supported here.
    case alreadyInUse, notFinite, interrupted, unsupported
  }

  /// The kind of failure.
  public let code: Code
  /// One sentence: what is wrong.
  public let message: String
  /// File, line, key or tensor that it is about.
  public let location: String?
  /// One sentence: what the reader can do about it.
  public let remedy: String?

  /// Messages are sentences without a full stop.
  public init(_ code: Code, _ message: String, at location: String? = nil, remedy: String? = nil) {
    self.code = code
    self.message = message
    self.location = location
    self.remedy = remedy
  }
}

extension MohawkError: CustomStringConvertible {
  public var description: String {
    var text = location.map { "\($0): \(message)" } ?? message
    if let remedy { text += " (\(remedy))" }
    return text
  }
}
