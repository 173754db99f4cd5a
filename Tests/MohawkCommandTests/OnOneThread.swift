import Dispatch
import Testing

/// Runs tests one after the other on a thread beside Swift's pool. A test that waits for a process blocks its thread for
/// as long as that takes; two of them would block the whole pool of a small machine, and with it every test that serves.
struct OnOneThread: SuiteTrait, TestTrait, TestScoping {
  private final class Line: TaskExecutor {
    private let queue = DispatchQueue(label: "tests of commands")

    func enqueue(_ job: consuming ExecutorJob) {
      let job = UnownedJob(job)
      queue.async { job.runSynchronously(on: self.asUnownedTaskExecutor()) }
    }
  }
  private static let line = Line()

  var isRecursive: Bool { true }

  func provideScope(
    for test: Test, testCase: Test.Case?, performing function: @Sendable () async throws -> Void
  ) async throws {
    try await withTaskExecutorPreference(Self.line) { try await function() }
  }
}

extension Trait where Self == OnOneThread {
  static var onOneThread: Self { Self() }
}
