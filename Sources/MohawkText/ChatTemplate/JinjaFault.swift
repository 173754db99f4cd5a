import MohawkFiles

/// Why a template cannot be read or rendered: what is wrong, and in which of its lines.
struct JinjaFault: Error {
  let code: MohawkError.Code
  var message: String
  var line: Int?

  init(_ message: String, line: Int? = nil, code: MohawkError.Code = .invalidFormat) {
    self.code = code
    self.message = message
    self.line = line
  }

  /// Something of Jinja, or of Python, that this engine does not know.
  static func unsupported(_ construct: String, line: Int? = nil) -> JinjaFault {
    JinjaFault("uses \(construct)", line: line, code: .unsupported)
  }

  /// Something that grew beyond what a chat can need.
  static func tooMuch(_ message: String, line: Int? = nil) -> JinjaFault {
    JinjaFault(message, line: line, code: .outOfRange)
  }

  /// The same fault as a user sees it.
  func error(at location: String) -> MohawkError {
    let place = line.map { " (line \($0))" } ?? ""
    if code == .unsupported {
      return MohawkError(
        code, "the chat template \(message)\(place), which is not supported", at: location,
        remedy: "render the chat with another tool, or give a template without it")
    }
    return MohawkError(code, "\(message)\(place) in the chat template", at: location)
  }
}
