import Foundation
import Testing

/// Runs tests on two threads beside Swift's pool. A test that waits for a process blocks its thread for as long as that
/// takes; two of them would block the whole pool of a small machine, and with it every test that serves.
struct OnTwoThreads: SuiteTrait, TestTrait, TestScoping {
  private final class Threads: TaskExecutor {
    private let queue = OperationQueue()

    init() { queue.maxConcurrentOperationCount = 2 }

    func enqueue(_ job: consuming ExecutorJob) {
      let job = UnownedJob(job)
      queue.addOperation { job.runSynchronously(on: self.asUnownedTaskExecutor()) }
    }
  }
  private static let threads = Threads()

  var isRecursive: Bool { true }

  func provideScope(
    for test: Test, testCase: Test.Case?, performing function: @Sendable () async throws -> Void
  ) async throws {
    try await withTaskExecutorPreference(Self.threads) { try await function() }
  }
}

extension Trait where Self == OnTwoThreads {
  static var onTwoThreads: Self { Self() }
}
