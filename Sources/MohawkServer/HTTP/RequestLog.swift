import HTTPTypes
import Hummingbird
import Logging

/// Writes a line for each request, and gives every answer the request's id as `X-Request-Id`.
struct RequestLog: RouterMiddleware {
  typealias Context = ServerContext
  /// Nil writes no lines.
  let logger: Logger?

  private static let idHeader = HTTPField.Name("X-Request-Id")!

  func handle(
    _ request: Request, context: Context, next: (Request, Context) async throws -> Response
  ) async throws -> Response {
    let begun = ContinuousClock.now
    var response = try await next(request, context)
    response.headers[Self.idHeader] = context.requestID
    if let logger {
      let seconds = (ContinuousClock.now - begun) / .seconds(1)
      // The path alone: what stands behind it can be text of the user's.
      logger.info(
        "\(request.method.rawValue) \(request.uri.path.prefix(200)) \(response.status.code)",
        metadata: ["request": "\(context.requestID)", "seconds": "\(Double(Int(seconds * 1_000)) / 1_000)"])
    }
    return response
  }
}
