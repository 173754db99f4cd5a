import Foundation

/// How work on another thread has ended, said once and waited for once.
package final class Outcome: @unchecked Sendable {  // the semaphore orders the accesses
  private let done = DispatchSemaphore(value: 0)
  private var error: (any Error)?

  package init() {}

  /// Says how it ended; nil for well.
  package func finish(_ error: (any Error)?) {
    self.error = error
    done.signal()
  }

  /// Returns when it has ended, and throws what it ended with.
  package func wait() throws {
    done.wait()
    if let error { throw error }
  }
}
