import MohawkFiles
import MohawkServing
import MohawkText

/// An answer that says what a client did wrong, in the shape that OpenAI's clients understand.
public struct APIError: Error, Sendable, Equatable {
  /// HTTP status, 400 to 599.
  public let status: Int
  /// One sentence: what is wrong and how to mend it.
  public let message: String
  /// The kind of error, such as `invalid_request_error`.
  public let type: String
  /// The field that it is about.
  public let parameter: String?
  /// A word for programs, such as `model_not_found`.
  public let code: String?
  /// Seconds after which it is worth while to try again.
  public let retryAfter: Int?
  /// The methods by which a path is asked, where the request had another.
  var allowedMethod: String?

  /// An error of the request.
  public init(
    _ status: Int, _ message: String, type: String = "invalid_request_error", parameter: String? = nil,
    code: String? = nil, retryAfter: Int? = nil
  ) {
    self.status = status
    self.message = message
    self.type = type
    self.parameter = parameter
    self.code = code
    self.retryAfter = retryAfter
  }

  /// A field that is not as it must be.
  static func invalid(_ field: String, _ message: String) -> APIError {
    APIError(400, "'\(field)' \(message)", parameter: field)
  }

  /// Why a batch did not do it.
  init(_ failure: BatchFailure) {
    switch failure {
    case .queueIsFull:
      self.init(
        429, "too many requests are waiting; try again later", type: "rate_limit_error", code: "queue_full",
        retryAfter: 1)
    case .deadline:
      self.init(
        408, "the request took longer than this server allows; ask for fewer tokens", type: "timeout_error",
        code: "timeout")
    case .closing: self = .closing
    case .broken(let reason): self.init(500, reason, type: "server_error")
    }
  }

  /// The server is about to end.
  static let closing = APIError(
    503, "the server is shutting down", type: "server_error", code: "shutting_down", retryAfter: 5)

  /// What is wrong with something from outside.
  init(_ error: MohawkError, parameter: String?) {
    self.init(400, error.description, parameter: parameter)
  }

  /// The body of the answer.
  var json: JSONValue {
    .members([
      "error": .members([
        "message": JSONValue(message), "type": JSONValue(type), "param": parameter.map { JSONValue($0) } ?? .null,
        "code": code.map { JSONValue($0) } ?? .null,
      ])
    ])
  }
}
