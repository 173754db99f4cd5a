import Foundation

/// How far the server's end has come.
final class Closing: @unchecked Sendable {  // everything is guarded by `lock`
  private let lock = NSLock()
  private var begun = false
  private var ended = false
  private var waiting: [CheckedContinuation<Void, Never>] = []

  var hasBegun: Bool { lock.withLock { begun } }
  var hasEnded: Bool { lock.withLock { ended } }

  /// Begins it; false when it has begun before.
  func begin() -> Bool {
    lock.withLock {
      defer { begun = true }
      return !begun
    }
  }

  func end() {
    lock.withLock { ended = true }
    resume()
  }

  /// Returns when it has ended, or the task is cancelled.
  func wait() async {
    await withTaskCancellationHandler {
      await withCheckedContinuation { continuation in
        let isOver = lock.withLock {
          if ended || Task.isCancelled { return true }
          waiting.append(continuation)
          return false
        }
        if isOver { continuation.resume() }
      }
    } onCancel: {
      resume()
    }
  }

  /// Lets those who wait go, though nothing has ended.
  private func resume() {
    let waiting = lock.withLock {
      defer { self.waiting = [] }
      return self.waiting
    }
    for continuation in waiting { continuation.resume() }
  }
}
