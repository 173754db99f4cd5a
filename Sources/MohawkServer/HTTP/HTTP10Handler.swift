import NIOCore
import NIOHTTP1

/// Answers HTTP/1.0 as HTTP/1.0: without chunks, and with the end of the connection as the end of the answer. What comes
/// behind this handler knows HTTP/1.1 only.
final class HTTP10Handler: ChannelDuplexHandler, RemovableChannelHandler {
  typealias InboundIn = HTTPServerRequestPart
  typealias InboundOut = HTTPServerRequestPart
  typealias OutboundIn = HTTPServerResponsePart
  typealias OutboundOut = HTTPServerResponsePart

  /// Of the requests that are not answered yet.
  private var versions = CircularBuffer<HTTPVersion>()

  private func isOld(_ version: HTTPVersion) -> Bool { version.major == 1 && version.minor == 0 }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    guard case .head(var head) = unwrapInboundIn(data) else { return context.fireChannelRead(data) }
    versions.append(head.version)
    let hosts = head.headers["host"]
    // Before HTTP/1.1 nobody had to name the host; browsers, which others can lead here by a name of theirs, all do.
    if isOld(head.version), hosts.isEmpty { head.headers.add(name: "host", value: "localhost") }
    // More than one is as bad as none.
    if hosts.count > 1 { head.headers.remove(name: "host") }
    context.fireChannelRead(wrapInboundOut(.head(head)))
  }

  func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
    guard let version = versions.first, isOld(version) else {
      if case .end = unwrapOutboundIn(data), !versions.isEmpty { versions.removeFirst() }
      return context.write(data, promise: promise)
    }
    switch unwrapOutboundIn(data) {
    case .head(var head):
      head.version = version
      head.headers.replaceOrAdd(name: "connection", value: "close")
      context.write(wrapOutboundOut(.head(head)), promise: promise)
    case .body: context.write(data, promise: promise)
    case .end:
      versions.removeFirst()
      let done = promise ?? context.eventLoop.makePromise(of: Void.self)
      let channel = context.channel
      done.futureResult.whenComplete { _ in channel.close(promise: nil) }
      context.writeAndFlush(data, promise: done)
    }
  }
}
