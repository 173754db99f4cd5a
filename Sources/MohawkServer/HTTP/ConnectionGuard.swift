import Foundation
import HTTPTypes
import NIOCore
import NIOHTTPTypes
import NIOHTTPTypesHTTP1

/// Watches over one connection: closes it when its client is too slow with a request, does not read what it is sent, or
/// is silent for too long, and after answers that say so; tells those who are at work for it when it ends.
final class ConnectionGuard: ChannelDuplexHandler, RemovableChannelHandler {
  typealias InboundIn = HTTPRequestPart
  typealias InboundOut = HTTPRequestPart
  typealias OutboundIn = HTTPResponsePart
  typealias OutboundOut = HTTPResponsePart

  private let limits: ServerLimits
  private let connections: Connections
  private(set) var connection: Connection?
  /// Closes the connection when the client says nothing.
  private var timer: Scheduled<Void>?
  /// Closes the connection when the client does not read.
  private var stall: Scheduled<Void>?
  private var closesAfterAnswer = false
  private var openAnswers = 0
  /// Whether a request has begun whose end did not come yet.
  private var isReceiving = false

  init(_ limits: ServerLimits, _ connections: Connections) {
    self.limits = limits
    self.connections = connections
  }

  func handlerAdded(context: ChannelHandlerContext) {
    let connection = Connection(context.channel)
    self.connection = connection
    connections.add(connection)
    let pipeline = context.pipeline.syncOperations
    if let codec = try? pipeline.handler(type: HTTP1ToHTTPServerCodec.self) {
      try? pipeline.addHandler(HTTP10Handler(), position: .before(codec))
    }
    wait(limits.readSeconds, context)
  }

  func channelInactive(context: ChannelHandlerContext) {
    end()
    context.fireChannelInactive()
  }

  func handlerRemoved(context: ChannelHandlerContext) { end() }

  private func end() {
    timer?.cancel()
    stall?.cancel()
    (timer, stall) = (nil, nil)
    guard let connection else { return }
    connections.remove(connection)
    connection.gone()
    self.connection = nil
  }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    switch unwrapInboundIn(data) {
    case .head(let head):
      openAnswers += 1
      isReceiving = true
      wait(limits.readSeconds, context)
      if expectsContinue(head) {
        context.writeAndFlush(wrapOutboundOut(.head(HTTPResponse(status: .continue))), promise: nil)
      }
    case .body: break
    case .end:
      isReceiving = false
      timer?.cancel()
      timer = nil
      // The answer may have come before the request's end.
      if openAnswers <= 0 { wait(limits.idleSeconds, context) }
    }
    context.fireChannelRead(data)
  }

  /// Whether the client waits to hear that its body is welcome; one that is too large is not.
  private func expectsContinue(_ head: HTTPRequest) -> Bool {
    guard head.headerFields[.expect]?.lowercased() == "100-continue" else { return false }
    return head.headerFields[.contentLength].flatMap { Int($0) } ?? 0 <= limits.bodyBytes
  }

  func channelWritabilityChanged(context: ChannelHandlerContext) {
    stall?.cancel()
    stall = context.channel.isWritable ? nil : close(after: limits.writeSeconds, context)
    context.fireChannelWritabilityChanged()
  }

  func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
    if case .some(.inputClosed) = event as? ChannelEvent, openAnswers > 0 {
      if isReceiving { return context.close(promise: nil) }
      checkConnection(context)
    }
    context.fireUserInboundEventTriggered(event)
  }

  /// A client that closed its half may wait for its answer, or be gone. What is written to one who is gone ends the
  /// connection; while nothing is written, probes of the system do, within a minute or so.
  private func checkConnection(_ context: ChannelHandlerContext) {
    let channel = context.channel
    channel.setOption(.socketOption(.so_keepalive), value: 1).whenFailure { _ in }
    #if os(Linux)
      for (name, value) in [(TCP_KEEPIDLE, 5), (TCP_KEEPINTVL, 5), (TCP_KEEPCNT, 3)] {
        channel.setOption(.tcpOption(.init(rawValue: name)), value: .init(value)).whenFailure { _ in }
      }
    #endif
  }

  func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
    switch unwrapOutboundIn(data) {
    case .head(let head):
      if head.headerFields[.connection]?.lowercased() == "close" { closesAfterAnswer = true }
      connection?.isBeingSentTo = true
      context.write(data, promise: promise)
    case .body: context.write(data, promise: promise)
    case .end:
      openAnswers -= 1
      let done = promise ?? context.eventLoop.makePromise(of: Void.self)
      let (channel, connection, closes) = (context.channel, connection, closesAfterAnswer)
      done.futureResult.whenComplete { _ in
        connection?.isBeingSentTo = false
        if closes { channel.close(promise: nil) }
      }
      if closes {
        context.writeAndFlush(data, promise: done)
      } else {
        context.write(data, promise: done)
        if openAnswers <= 0 { wait(limits.idleSeconds, context) }
      }
    }
  }

  /// Closes the connection unless something happens first.
  private func wait(_ seconds: Double, _ context: ChannelHandlerContext) {
    timer?.cancel()
    timer = close(after: seconds, context)
  }

  private func close(after seconds: Double, _ context: ChannelHandlerContext) -> Scheduled<Void> {
    let channel = context.channel
    return context.eventLoop.scheduleTask(in: .milliseconds(Int64(seconds * 1_000))) { channel.close(promise: nil) }
  }
}
