import Foundation
import NIOCore

/// A client's connection, as the requests on it see it.
final class Connection: @unchecked Sendable {  // everything is guarded by `lock`
  private let lock = NSLock()
  private let channel: any Channel
  private var onGone: (@Sendable () -> Void)?
  private var isGone = false
  private var isSending = false

  /// Whether an answer has begun that has not left for the client.
  var isBeingSentTo: Bool {
    get { lock.withLock { isSending } }
    set { lock.withLock { isSending = newValue } }
  }

  init(_ channel: any Channel) { self.channel = channel }

  /// Calls `cancel`, at once or later, when the client goes away before `forget`.
  func whenGone(_ cancel: @escaping @Sendable () -> Void) {
    let isGone = lock.withLock {
      onGone = cancel
      return self.isGone
    }
    if isGone { cancel() }
  }

  /// Ends what `whenGone` began.
  func forget() { lock.withLock { onGone = nil } }

  /// The client is not there any more.
  func gone() {
    let cancel = lock.withLock {
      isGone = true
      defer { onGone = nil }
      return onGone
    }
    cancel?()
  }

  /// Ends the connection.
  func close() { channel.close(promise: nil) }
}

/// All open connections.
final class Connections: @unchecked Sendable {  // everything is guarded by `lock`
  private let lock = NSLock()
  private var open: [ObjectIdentifier: Connection] = [:]

  func add(_ connection: Connection) { lock.withLock { open[ObjectIdentifier(connection)] = connection } }
  func remove(_ connection: Connection) { _ = lock.withLock { open.removeValue(forKey: ObjectIdentifier(connection)) } }

  /// Whether any answer has begun that has not left for its client.
  var areBeingSentTo: Bool { lock.withLock { open.values.contains(where: \.isBeingSentTo) } }

  func closeAll() { for connection in lock.withLock({ Array(open.values) }) { connection.close() } }
}
