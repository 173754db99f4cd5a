import HTTPTypes
import Hummingbird
import MohawkFiles

/// Lets pages of other origins read what the server answers (CORS), for the origins that were named.
struct CrossOrigin: RouterMiddleware {
  typealias Context = ServerContext
  let origins: Set<String>

  /// - Throws: `MohawkError` for what is no origin.
  init(_ origins: [String]) throws {
    self.origins = Set(try origins.map(Self.origin))
  }

  /// An origin as browsers write it: without a slash at its end.
  private static func origin(_ text: String) throws -> String {
    let name = (text.hasSuffix("/") ? String(text.dropLast()) : text).lowercased()
    let parts = name.split(separator: "://", maxSplits: 1, omittingEmptySubsequences: false)
    let isOrigin =
      parts.count == 2 && !parts[0].isEmpty && !parts[1].isEmpty && !parts[1].contains(where: { "/?# ".contains($0) })
    guard name == "*" || name == "null" || isOrigin else {
      throw MohawkError(
        .invalidValue, "'\(text)' is no origin", remedy: "write scheme and host, such as http://localhost:3000, or *")
    }
    return name
  }

  func handle(
    _ request: Request, context: Context, next: (Request, Context) async throws -> Response
  ) async throws -> Response {
    guard let origin = request.headers[.origin], let answered = answered(origin) else {
      return try await next(request, context)
    }
    let isPreflight = request.method == .options && request.headers[.accessControlRequestMethod] != nil
    var response = isPreflight ? preflight(request) : try await next(request, context)
    response.headers[.accessControlAllowOrigin] = answered
    response.headers[.accessControlExposeHeaders] = "retry-after, x-request-id"
    if answered != "*" { response.headers[.vary] = "Origin" }
    return response
  }

  private func answered(_ origin: String) -> String? {
    origins.contains("*") ? "*" : origins.contains(origin.lowercased()) ? origin : nil
  }

  /// What a browser asks before it sends JSON.
  private func preflight(_ request: Request) -> Response {
    var headers = HTTPFields()
    headers[.accessControlAllowMethods] = "GET, HEAD, POST"
    headers[.accessControlAllowHeaders] = request.headers[.accessControlRequestHeaders] ?? "authorization, content-type"
    headers[.accessControlMaxAge] = "600"
    // Pages of the web that ask for a machine at home must be told that it knows of it.
    if request.headers[Self.privateNetwork.request] == "true" { headers[Self.privateNetwork.allow] = "true" }
    return Response(status: .noContent, headers: headers)
  }

  private static let privateNetwork = (
    request: HTTPField.Name("Access-Control-Request-Private-Network")!,
    allow: HTTPField.Name("Access-Control-Allow-Private-Network")!
  )
}
