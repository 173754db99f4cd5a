import HTTPTypes
import NIOCore
import NIOHTTPTypes

/// Watches over one connection: closes it when its client is too slow with a request or silent for too long, after
/// answers that say so, and tells those who are at work for it when it ends.
final class ConnectionGuard: ChannelDuplexHandler, RemovableChannelHandler {
  typealias InboundIn = HTTPRequestPart
  typealias InboundOut = HTTPRequestPart
  typealias OutboundIn = HTTPResponsePart
  typealias OutboundOut = HTTPResponsePart

  private let limits: ServerLimits
  private let connections: Connections
  private(set) var connection: Connection?
  private var timer: Scheduled<Void>?
  private var closesAfterAnswer = false
  private var openAnswers = 0

  init(_ limits: ServerLimits, _ connections: Connections) {
    self.limits = limits
    self.connections = connections
  }

  func handlerAdded(context: ChannelHandlerContext) {
    let connection = Connection(context.channel)
    self.connection = connection
    connections.add(connection)
    wait(limits.readSeconds, context)
  }

  func channelInactive(context: ChannelHandlerContext) {
    end()
    context.fireChannelInactive()
  }

  func handlerRemoved(context: ChannelHandlerContext) { end() }

  private func end() {
    timer?.cancel()
    timer = nil
    guard let connection else { return }
    connections.remove(connection)
    connection.gone()
    self.connection = nil
  }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    switch unwrapInboundIn(data) {
    case .head:
      openAnswers += 1
      wait(limits.readSeconds, context)
    case .body: break
    case .end:
      timer?.cancel()
      timer = nil
    }
    context.fireChannelRead(data)
  }

  func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
    // A client that closes its half wants no more answers: there is no other way to tell that it went away.
    if case .some(.inputClosed) = event as? ChannelEvent, openAnswers > 0 { return context.close(promise: nil) }
    context.fireUserInboundEventTriggered(event)
  }

  func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
    switch unwrapOutboundIn(data) {
    case .head(let head):
      if head.headerFields[.connection]?.lowercased() == "close" { closesAfterAnswer = true }
      context.write(data, promise: promise)
    case .body: context.write(data, promise: promise)
    case .end:
      openAnswers -= 1
      if closesAfterAnswer {
        let done = promise ?? context.eventLoop.makePromise(of: Void.self)
        let channel = context.channel
        done.futureResult.whenComplete { _ in channel.close(promise: nil) }
        context.writeAndFlush(data, promise: done)
      } else {
        context.write(data, promise: promise)
        if openAnswers <= 0 { wait(limits.idleSeconds, context) }
      }
    }
  }

  /// Closes the connection unless something happens first.
  private func wait(_ seconds: Double, _ context: ChannelHandlerContext) {
    timer?.cancel()
    let channel = context.channel
    timer = context.eventLoop.scheduleTask(in: .milliseconds(Int64(seconds * 1_000))) { channel.close(promise: nil) }
  }
}
