import Foundation
import MohawkServing

/// Work on long bodies, one at a time on a queue of its own: the tokens of megabytes of text take seconds, and the few
/// threads on which everybody is answered must not be waited for so long.
final class LongBodies: @unchecked Sendable {  // `waiting` is guarded by `lock`
  /// Bytes up to which a body is worked on at once.
  private static let short = 64 << 10

  private let queue = DispatchQueue(label: "mohawk long bodies")
  private let limit: Int
  private let lock = NSLock()
  private var waiting = 0

  /// - Parameter limit: bodies that may wait.
  init(limit: Int) { self.limit = limit }

  /// Does what is to be done with a body of so many bytes.
  /// - Throws: what `work` throws, or `BatchFailure` when too many are waiting.
  func work<Value: Sendable>(
    on bytes: Int, _ work: @escaping @Sendable () throws -> Value
  ) async throws -> Value {
    if bytes <= Self.short { return try work() }
    let hasPlace = lock.withLock {
      guard waiting < limit else { return false }
      waiting += 1
      return true
    }
    guard hasPlace else { throw BatchFailure.queueIsFull }
    return try await withCheckedThrowingContinuation { continuation in
      queue.async { [self] in
        let result = Result { try work() }
        lock.withLock { waiting -= 1 }
        continuation.resume(with: result)
      }
    }
  }
}
