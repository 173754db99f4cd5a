import Foundation
import HTTPTypes
import Hummingbird
import Logging
import MohawkServing
import MohawkText

extension Response {
  /// An answer in JSON.
  /// - Parameter afterwards: called when it is written, or its client is gone; not called when nobody asks for the body.
  init(
    _ json: JSONValue, status: HTTPResponse.Status = .ok, headers: HTTPFields = [:],
    afterwards: @escaping @Sendable () -> Void = {}
  ) {
    var headers = headers
    headers[.contentType] = "application/json; charset=utf-8"
    self.init(status: status, headers: headers, body: .init(pieces: json.bytes, afterwards: afterwards))
  }

  /// An answer that says what is wrong.
  init(_ error: APIError) {
    var headers = HTTPFields()
    if let seconds = error.retryAfter { headers[.retryAfter] = "\(seconds)" }
    if let method = error.allowedMethod { headers[.allow] = method }
    if error.status == 401 { headers[.wwwAuthenticate] = "Bearer" }
    // What is left of the request is not waited for.
    if error.status == 413 || error.status == 408 || error.status == 503 { headers[.connection] = "close" }
    self.init(error.json, status: .init(code: error.status), headers: headers)
  }
}

/// Whatever goes wrong becomes an answer in OpenAI's shape, and what nobody expected a line in the log; counts all
/// answers.
struct ErrorAnswers: RouterMiddleware {
  typealias Context = ServerContext
  let metrics: ServerMetrics
  let logger: Logger

  func handle(
    _ request: Request, context: Context, next: (Request, Context) async throws -> Response
  ) async throws -> Response {
    let response: Response
    do {
      response = try await next(request, context)
    } catch let error as APIError {
      response = Response(error)
    } catch let error as BatchFailure {
      let answer = APIError(error)
      if answer.status == 500 { log(error, request, context) }
      response = Response(answer)
    } catch let error as any HTTPResponseError {
      if error.status.code >= 500 { log(error, request, context) }
      response = Response(Self.error(error.status, request))
    } catch {
      log(error, request, context)
      response = Response(
        APIError(500, "the server failed; its log has more under \(context.requestID)", type: "server_error"))
    }
    metrics.answered(context.endpointPath ?? "other", response.status.code)
    return response
  }

  private func log(_ error: any Error, _ request: Request, _ context: Context) {
    logger.error(
      "\(request.method.rawValue) \(request.uri.path.prefix(200)) failed: \(error)",
      metadata: ["request": "\(context.requestID)"])
  }

  /// The method of a path that is answered.
  private static func method(of path: String) -> String? {
    let path = path.count > 1 && path.hasSuffix("/") ? String(path.dropLast()) : path
    if ["/v1/completions", "/v1/chat/completions", "/tokenize", "/detokenize"].contains(path) { return "POST" }
    let isRead = ["/", "/health", "/metrics", "/v1/models", "/tokenizer_info", "/matrices"].contains(path)
    return isRead ? "GET, HEAD" : nil
  }

  private static func methodFault(_ request: Request) -> APIError? {
    guard let allowed = method(of: request.uri.path) else { return nil }
    var error = APIError(
      405, "\(request.uri.path) is asked by \(allowed), not \(request.method.rawValue)", code: "method_not_allowed")
    error.allowedMethod = allowed
    return error
  }

  private static func error(_ status: HTTPResponse.Status, _ request: Request) -> APIError {
    switch status.code {
    case 404:
      methodFault(request)
        ?? APIError(404, "there is no \(request.method.rawValue) \(request.uri.path.prefix(200))", code: "not_found")
    case 413: APIError(413, "the body is too large", code: "body_too_large")
    case 400..<500: APIError(status.code, "the request is not understood")
    default: APIError(status.code, "the server failed", type: "server_error")
    }
  }
}

/// Lets those in who know the secret.
struct BearerGate: RouterMiddleware {
  typealias Context = ServerContext
  let token: BearerToken?

  /// What anybody may see: whether the server lives, and the page that asks for the secret.
  private static let open: Set<String> = ["/", "/health"]

  func handle(
    _ request: Request, context: Context, next: (Request, Context) async throws -> Response
  ) async throws -> Response {
    if let token, !Self.open.contains(request.uri.path), !token.isIn(request.headers[.authorization]) {
      throw APIError(
        401, "the bearer token is missing or wrong", type: "authentication_error", code: "invalid_api_key")
    }
    return try await next(request, context)
  }
}
