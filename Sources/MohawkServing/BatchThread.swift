import Foundation
import MohawkDecoding
import MohawkFiles

/// A thread of its own for a batch scheduler, and the door to it for all others.
public final class BatchThread: @unchecked Sendable {  // what is shared is guarded by `condition`
  /// Work for the thread.
  private enum Order {
    case submit(ticket: UInt64, BatchRequest, @Sendable (BatchEvent) -> Void)
    case cancel(ticket: UInt64)
  }

  /// Work beside the requests; one goes between two turns.
  private typealias BackgroundTask = @Sendable (BatchScheduler) -> Void

  /// Requests that may wait for their first token to be read.
  public let queueLimit: Int
  /// Pieces of work for `perform` that may wait.
  public let taskLimit: Int
  private let condition = NSCondition()
  private var orders: [Order] = []
  private var tasks: [BackgroundTask] = []
  private var submitted = 0
  private var lastTicket: UInt64 = 0
  private var isClosing = false
  private var hasEnded = false
  /// Whether the thread computes nothing any more, and who waits for that.
  private var isOver = false
  private var waiting: [CheckedContinuation<Void, Never>] = []
  private var published = BatchCounts()

  /// Starts the thread and opens the model on it.
  /// - Parameters:
  ///   - queueLimit: requests that may wait.
  ///   - taskLimit: pieces of work for `perform` that may wait.
  ///   - open: makes the scheduler, on the new thread.
  /// - Throws: what `open` throws.
  public init(
    queueLimit: Int = 64, taskLimit: Int = 8, open: @escaping @Sendable () throws -> BatchScheduler
  ) throws {
    (self.queueLimit, self.taskLimit) = (queueLimit, taskLimit)
    let opening = Outcome()
    let thread = Thread { [self] in
      switch Result(catching: open) {
      case .success(let scheduler):
        opening.finish(nil)
        run(scheduler)
      case .failure(let error):
        opening.finish(error)
      }
      finish()
    }
    thread.name = "mohawk batch"
    thread.stackSize = 16 << 20
    thread.start()
    try opening.wait()
  }

  /// What the batch has done and has to do, as of its last turn.
  public var counts: BatchCounts {
    condition.withLock {
      var counts = published
      counts.waiting += submitted
      return counts
    }
  }

  /// Pieces of work for `perform` that wait.
  var waitingTasks: Int { condition.withLock { tasks.count } }

  /// Takes a request.
  /// - Parameters:
  ///   - request: as for the scheduler.
  ///   - watch: told of each event on the batch's thread, before the stream has it.
  /// - Returns: its events, and the way to cancel it.
  /// - Throws: `BatchFailure` when the queue is full or the batch is closing.
  public func submit(
    _ request: BatchRequest, watch: @escaping @Sendable (BatchEvent) -> Void = { _ in }
  ) throws -> BatchHandle {
    let (stream, continuation) = AsyncStream<BatchEvent>.makeStream()
    let counter = OpenChoices(request.prompts.count * request.choices)
    let ticket: UInt64 = try condition.withLock {
      if isClosing { throw BatchFailure.closing }
      guard submitted + published.waiting < queueLimit else { throw BatchFailure.queueIsFull }
      lastTicket += 1
      submitted += 1
      let order = Order.submit(ticket: lastTicket, request) { event in
        watch(event)
        continuation.yield(event)
        if counter.isLast(event) { continuation.finish() }
      }
      orders.append(order)
      condition.signal()
      return lastTicket
    }
    return BatchHandle(events: stream) { [weak self] in
      self?.give(.cancel(ticket: ticket))
      continuation.finish()
    }
  }

  /// Runs `body` on the batch's thread, between two turns. No more than one goes between two turns, so that texts go on.
  /// - Throws: what `body` throws, or `BatchFailure` when too many are waiting or the batch is closing.
  public func perform<Value: Sendable>(
    _ body: @escaping @Sendable (BatchScheduler) throws -> Value
  ) async throws -> Value {
    try await withCheckedThrowingContinuation { continuation in
      let failure: BatchFailure? = condition.withLock {
        if hasEnded || isClosing { return .closing }
        if tasks.count >= taskLimit { return .queueIsFull }
        tasks.append { scheduler in continuation.resume(with: Result { try body(scheduler) }) }
        condition.signal()
        return nil
      }
      if let failure { continuation.resume(throwing: failure) }
    }
  }

  /// Ends all requests and the thread; returns at once.
  public func close() {
    condition.withLock {
      isClosing = true
      condition.signal()
    }
  }

  /// Returns when the thread computes nothing any more, which takes a `close` and what the last turn takes. A program that
  /// ends before may crash: libtorch goes away under it.
  public func ended() async {
    await withCheckedContinuation { continuation in
      let isOver = condition.withLock {
        if !self.isOver { waiting.append(continuation) }
        return self.isOver
      }
      if isOver { continuation.resume() }
    }
  }

  private func finish() {
    let waiting = condition.withLock {
      isOver = true
      defer { self.waiting = [] }
      return self.waiting
    }
    for continuation in waiting { continuation.resume() }
  }

  private func give(_ order: Order) {
    condition.withLock {
      if hasEnded { return }
      orders.append(order)
      condition.signal()
    }
  }

  private func run(_ scheduler: BatchScheduler) {
    var ids: [UInt64: UInt64] = [:]
    while true {
      let (work, taken, task, closing) = condition.withLock {
        while orders.isEmpty && tasks.isEmpty && scheduler.isIdle && !isClosing { condition.wait() }
        defer { orders = [] }
        // What waits at the end is still done; nothing new comes.
        if isClosing && tasks.count < 2 { hasEnded = true }
        return (orders, submitted, tasks.isEmpty ? nil : tasks.removeFirst(), isClosing)
      }
      for order in work {
        switch order {
        case .submit(let ticket, let request, let tell):
          if closing { tell(.failed(.closing)) } else { ids[ticket] = scheduler.submit(request, tell: tell) }
        case .cancel(let ticket): if let id = ids.removeValue(forKey: ticket) { scheduler.cancel(id) }
        }
      }
      // Those taken count as waiting here until they do so there: the queue is never longer than its limit.
      condition.withLock {
        published = scheduler.counts
        submitted -= taken
      }
      task?(scheduler)
      if closing {
        scheduler.failAll(.closing)
        if condition.withLock({ hasEnded }) { return }
        continue
      }
      scheduler.turn()
      ids = ids.filter { scheduler.knows($0.value) }
      condition.withLock { published = scheduler.counts }
    }
  }
}

/// A request in a batch, for the one who waits for it.
public struct BatchHandle: Sendable {
  /// What happens to it; they end with it.
  public let events: AsyncStream<BatchEvent>
  /// Gives it up and ends the events; does nothing when it has ended.
  public let cancel: @Sendable () -> Void
}

/// Counts a request's choices down; used on the batch's thread only.
private final class OpenChoices: @unchecked Sendable {
  private var count: Int

  init(_ count: Int) { self.count = count }

  func isLast(_ event: BatchEvent) -> Bool {
    switch event {
    case .failed: return true
    case .finished:
      count -= 1
      return count == 0
    case .promptRestored, .promptScored, .token: return false
    }
  }
}
