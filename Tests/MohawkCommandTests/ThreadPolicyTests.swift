import Foundation
import Testing

/// How threads wait for work on a machine that is busy with something else.
@Suite(.onTwoThreads) struct ThreadPolicyTests {
  /// How often libgomp says, when it is loaded, that a waiting thread turns in place before it sleeps.
  private func policy(_ environment: [String: String]) throws -> String {
    let folder = try TemporaryFolder()
    let command = try Command(
      ["doctor"], in: folder, environment: ["OMP_DISPLAY_ENV": "verbose"].merging(environment) { $1 })
    let line = try command.wait().errors.split(separator: "\n").last { $0.contains("GOMP_SPINCOUNT") }
    return String((line ?? "").filter(\.isNumber))
  }

  #if os(Linux)
    @Test func threadsOfTheCommandSleepSoon() throws {
      #expect(try policy([:]) == "3000")
    }

    @Test func whoSaysHowThreadsWaitIsObeyed() throws {
      #expect(try policy(["GOMP_SPINCOUNT": "1234"]) == "1234")
      #expect(Int(try policy(["OMP_WAIT_POLICY": "active"]))! > 1_000_000)
    }
  #endif
}
