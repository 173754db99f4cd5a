import HTTPTypes
import Hummingbird

/// The names under which a server may be called.
///
/// Any page of the web can lead a browser to a server on its machine by a name of its own (DNS rebinding) and read what
/// it answers. So a server on loopback that asks for no token answers to the names of loopback alone.
struct AllowedHosts: Sendable {
  /// Nil allows all.
  private let names: Set<String>?

  init(_ settings: ServerSettings) {
    let isOpen = !Self.isLoopback(settings.host) || settings.token != nil
    guard !isOpen || !settings.allowedHosts.isEmpty else {
      names = nil
      return
    }
    let usual = ["localhost", "127.0.0.1", "::1"]
    names = Set((usual + [settings.host] + settings.allowedHosts).map(Self.name))
  }

  /// Whether an address is reached from its own machine only.
  static func isLoopback(_ host: String) -> Bool {
    let name = name(host)
    return name == "localhost" || name == "::1" || name.hasPrefix("127.")
  }

  /// Whether a `Host` header is allowed.
  func allow(_ header: String) -> Bool { names?.contains(Self.name(header)) ?? true }

  /// The host without port, brackets and the dot of the root.
  private static func name(_ header: String) -> String {
    var name = header.lowercased()[...]
    if name.first == "[" {
      name = name.dropFirst().prefix { $0 != "]" }
    } else if name.count(where: { $0 == ":" }) == 1 {
      name = name.prefix { $0 != ":" }
    }
    return String(name.last == "." ? name.dropLast() : name)
  }
}

/// Lets requests in that name a host under which the server may be called.
struct HostGate: RouterMiddleware {
  typealias Context = ServerContext
  let hosts: AllowedHosts

  func handle(
    _ request: Request, context: Context, next: (Request, Context) async throws -> Response
  ) async throws -> Response {
    guard let host = request.head.authority else {
      throw APIError(400, "the request must have one 'Host' header")
    }
    guard hosts.allow(host) else {
      throw APIError(
        403,
        "the server does not answer to the name '\(host.prefix(100))': call it localhost, or start it with "
          + "--allow-host NAME or a token", code: "host_not_allowed")
    }
    return try await next(request, context)
  }
}
