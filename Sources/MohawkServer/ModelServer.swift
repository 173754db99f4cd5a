import Hummingbird
import Logging
import MohawkFiles
import MohawkServing
import NIOCore

/// How a server listens.
public struct ServerSettings: Sendable {
  /// The address; the machine itself only, unless told otherwise.
  public var host = "127.0.0.1"
  /// The port; 0 takes a free one.
  public var port = 8080
  /// What clients must send as bearer token; nil lets everybody in.
  public var token: String?
  /// How much one client may ask for.
  public var limits = ServerLimits()
  /// Host names that the server answers to beside those of loopback. On loopback without a token it answers to no
  /// others; elsewhere to all, unless some are named here.
  public var allowedHosts: [String] = []
  /// Origins whose pages may read answers, such as `http://localhost:3000`; `*` means all.
  public var corsOrigins: [String] = []
  /// Where unexpected errors are written, and requests when `logsRequests` is set.
  public var logger = Logger(label: "mohawk") { _ in SwiftLogNoOpLogHandler() }
  /// Whether each request gets a line in the log.
  public var logsRequests = false

  /// Port 8080 of this machine, for everybody on it.
  public init() {}
}

/// Serves models over HTTP, in the protocol of OpenAI.
public final class ModelServer: Sendable {
  private let models: [ServedModel]
  private let settings: ServerSettings
  private let metrics = ServerMetrics()
  private let connections = Connections()
  private let closing = Closing()

  /// - Parameters:
  ///   - models: at least one; the first one answers requests that name none.
  ///   - settings: where to listen, and the limits.
  public init(_ models: [ServedModel], _ settings: ServerSettings) {
    precondition(!models.isEmpty, "a server without models")
    self.models = models
    self.settings = settings
  }

  /// Listens until `drain` has ended, or the task is cancelled.
  /// - Parameter onListening: told the port as soon as there is one.
  /// - Throws: `MohawkError` when the address cannot be listened on, or one of the settings cannot be.
  public func run(onListening: @escaping @Sendable (_ port: Int) -> Void = { _ in }) async throws {
    let outcome: Result<Void, any Error>
    do {
      outcome = .success(try await listen(onListening))
    } catch {
      outcome = .failure(error)
    }
    for model in models { model.batch.close() }
    for model in models { await model.batch.ended() }
    try outcome.get()
  }

  private func listen(_ onListening: @escaping @Sendable (_ port: Int) -> Void) async throws {
    let (limits, connections, closing) = (settings.limits, connections, closing)
    let routes = ServerRoutes(
      models: models, limits: limits, token: settings.token.map { BearerToken($0) },
      hosts: AllowedHosts(settings), origins: try CrossOrigin(settings.corsOrigins), metrics: metrics,
      longBodies: LongBodies(limit: limits.queue), logger: settings.logger, logsRequests: settings.logsRequests,
      isClosing: { closing.hasBegun })
    // Brackets around an address are how it is written in a URL; an empty name would mean every network.
    let host = settings.host.hasPrefix("[") ? String(settings.host.dropFirst().dropLast()) : settings.host
    if host.isEmpty { throw MohawkError(.invalidValue, "the host is empty", remedy: "--host 127.0.0.1 listens here") }
    let app = Application(
      router: routes.router,
      server: .http1(
        configuration: .init(
          additionalChannelHandlers: [ConnectionGuard(limits, connections)],
          httpDecoderConfiguration: .init(
            maxHeaderFieldSize: 64 << 10, maxHeaderListSize: 64 << 10, maxHeaderFieldCount: 100))),
      configuration: .init(
        address: .hostname(host, port: settings.port), serverName: "swift-mohawk",
        availableConnectionsDelegate: .maximum(limits.connections, logger: Self.silence)),
      onServerRunning: { channel in onListening(channel.localAddress?.port ?? 0) }, logger: Self.silence)
    do {
      try await withThrowingTaskGroup(of: Void.self) { group in
        group.addTask { try await app.run() }
        group.addTask {
          await closing.wait()
          connections.closeAll()
        }
        try await group.next()
        group.cancelAll()
      }
    } catch {
      if closing.hasEnded || Task.isCancelled { return }
      throw MohawkError(listening: error, host, settings.port)
    }
  }

  /// Refuses new requests, waits for those that are being answered, and ends the server.
  /// - Parameter seconds: how long to wait at most.
  public func drain(within seconds: Double) async {
    guard closing.begin() else { return }
    let deadline = ContinuousClock.now + .seconds(seconds)
    await wait(until: deadline)
    for model in models { model.batch.close() }
    // What was cut short says so to its client.
    await wait(until: .now + .seconds(1))
    closing.end()
  }

  /// Returns when nothing is being answered, and all that was answered has left for its client.
  private func wait(until deadline: ContinuousClock.Instant) async {
    while metrics.activeRequests > 0 || connections.areBeingSentTo, ContinuousClock.now < deadline {
      try? await Task.sleep(for: .milliseconds(20))
    }
  }

  private static let silence = Logger(label: "mohawk") { _ in SwiftLogNoOpLogHandler() }
}
