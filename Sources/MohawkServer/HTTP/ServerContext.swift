import Hummingbird
import NIOCore

/// What a request's handler knows of where it came from.
struct ServerContext: RequestContext {
  var coreContext: CoreRequestContextStorage
  private let channel: any Channel

  init(source: ApplicationRequestContextSource) {
    coreContext = .init(source: source)
    channel = source.channel
  }

  /// The client's connection; nil when it has ended.
  func connection() async -> Connection? {
    let channel = channel
    return try? await channel.eventLoop.submit {
      try channel.pipeline.syncOperations.handler(type: ConnectionGuard.self).connection
    }.get()
  }
}
