import Foundation
import MohawkServing

/// A request's work, from the batch's ticket until its answer is written. It ends when nobody holds it any more, too:
/// the body of a response whose client has gone before its head is never asked for.
final class AnswerWork: @unchecked Sendable {  // `hasEnded` is guarded by `lock`
  private let ticket: BatchHandle
  private let connection: Connection?
  private let metrics: ServerMetrics
  private let lock = NSLock()
  private var hasEnded = false

  init(_ ticket: BatchHandle, _ connection: Connection?, _ metrics: ServerMetrics) {
    (self.ticket, self.connection, self.metrics) = (ticket, connection, metrics)
    metrics.begin()
    connection?.whenGone { ticket.cancel() }
  }

  deinit { end() }

  /// Ends it; does nothing the second time.
  func end() {
    let isFirst = lock.withLock {
      defer { hasEnded = true }
      return !hasEnded
    }
    guard isFirst else { return }
    ticket.cancel()
    connection?.forget()
    metrics.end()
  }
}
