import Hummingbird
import NIOCore

/// What a request's handler knows of where it came from.
struct ServerContext: RequestContext {
  var coreContext: CoreRequestContextStorage
  private let channel: any Channel
  /// What tells this request from others, in the log and in its answer.
  let requestID: String

  init(source: ApplicationRequestContextSource) {
    coreContext = .init(source: source)
    channel = source.channel
    let digits = String(UInt64.random(in: 0 ... .max), radix: 16)
    requestID = String(repeating: "0", count: 16 - digits.utf8.count) + digits
  }

  /// The client's connection; nil when it has ended.
  func connection() async -> Connection? {
    let channel = channel
    return try? await channel.eventLoop.submit {
      try channel.pipeline.syncOperations.handler(type: ConnectionGuard.self).connection
    }.get()
  }
}
