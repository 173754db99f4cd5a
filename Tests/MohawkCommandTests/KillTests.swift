import Foundation
import MohawkText
import Testing

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// Runs that are killed, and signals. The numbers must be those of a run that nobody touched.
@Suite(.serialized, .onTwoThreads) struct KillTests {
  /// A place with a run that was never stopped.
  static let undisturbed: Workplace = {
    let place = try! Workplace()
    _ = try! Command.run(place.distil("whole"), in: place.folder)
    return place
  }()

  private func expectSame(_ run: String, in place: Workplace) throws {
    let whole = Self.undisturbed
    #expect(try place.numbers(run) == whole.numbers("whole"))
    #expect(try place.bytes(run + "/model/model.safetensors") == whole.bytes("whole/model/model.safetensors"))
    #expect(!(place.names(run) + place.names(run + "/data")).contains { $0.hasPrefix(".partial") })
  }

  @Test func theUndisturbedRunIsWhole() throws {
    let place = Self.undisturbed
    #expect(try place.numbers("whole").count { $0.hasPrefix("step") } == 24)
    #expect(try place.numbers("whole").last == "ended")
  }

  @Test func runsThatAreKilledAtAnyTimeGiveTheSameNumbers() throws {
    let place = try Workplace()
    var random = SeededGenerator(seed: 5)
    var kills = 0
    // On a fast machine a run is over after a few kills; then another one is.
    for number in 1...8 where kills < 8 {
      let run = "run\(number)"
      while true {
        let command = try Command(place.distil(run), in: place.folder)
        waitForTheMoment(kills % 3, command, place, run, &random)
        command.send(SIGKILL)
        let result = try command.wait()
        if !result.wasKilled {
          #expect(result.status == 0, "\(result.errors)")
          break
        }
        kills += 1
      }
      try expectSame(run, in: place)
    }
    #expect(kills >= 8)
  }

  /// Each moment lets a start get further than the one before it: at least one more checkpoint is saved, or little was
  /// lost.
  private func waitForTheMoment(
    _ kind: Int, _ command: Command, _ place: Workplace, _ run: String, _ random: inout SeededGenerator
  ) {
    let before = Set(place.names(run))
    let steps = place.stepCount(run)
    switch kind {
    case 0:  // while the second checkpoint of this start is being written
      command.wait {
        let names = place.names(run)
        return names.contains { $0.hasPrefix("checkpoint") && !before.contains($0) }
          && names.contains { $0.hasPrefix(".partial-checkpoint") }
      }
    case 1:  // in a step, after enough steps to have saved one more checkpoint
      command.wait { place.stepCount(run) >= steps + 4 }
      usleep(UInt32(random.next(below: 10_000)))
    default:  // while it starts, reads the checkpoint, or prepares
      usleep(UInt32(50_000 + random.next(below: 300_000)))
    }
  }

  @Test(arguments: [SIGINT, SIGTERM]) func aSignalSavesAndTheSameCommandContinues(_ signal: Int32) throws {
    var place = try Workplace()
    var result = try stopped(place, by: signal)
    for _ in 0..<4 where result.status == 0 {  // the signal came too late: the run was over
      place = try Workplace()
      result = try stopped(place, by: signal)
    }
    #expect(result.status == 130 && !result.wasKilled, "\(result.status) \(result.errors)")
    let complaint = try #require(result.complaints.first)
    #expect(complaint.contains("give the same command again to continue") && result.complaints.count == 1)
    let steps = place.stepCount("run")
    #expect(steps < 24)
    #expect(place.names("run").contains { $0.hasPrefix("checkpoint") && Int($0.suffix(6)) == steps })

    let rest = try Command.run(place.distil(), in: place.folder)
    #expect(rest.status == 0 && rest.errors.contains("continuing after step \(steps)"), "\(rest.errors)")
    try expectSame("run", in: place)
  }

  private func stopped(_ place: Workplace, by signal: Int32) throws -> Command.Result {
    let command = try Command(place.distil(), in: place.folder)
    command.wait { FileManager.default.fileExists(atPath: place.path("run/metrics.jsonl")) }
    command.send(signal)
    return try command.wait()
  }

  @Test func aSecondProcessIsRefusedWhileTheFirstRuns() throws {
    let place = try Workplace()
    let first = try Command(place.distil(), in: place.folder)
    first.wait { place.stepCount("run") >= 1 }
    first.send(SIGSTOP)
    let second = try Command.run(place.distil(), in: place.folder)
    #expect(second.status == 1)
    #expect(second.complaints.count == 1)
    #expect(second.errors.contains("process \(first.process.processIdentifier) is already running in this folder"))
    first.send(SIGCONT)
    #expect(try first.wait().status == 0)
    try expectSame("run", in: place)
  }

  @Test func aFullDiskLeavesNothingHalfWritten() throws {
    let place = try Workplace()
    // Enough for the prepared tokens and the logs, not for a checkpoint.
    let result = try Command.run(place.distil(), in: place.folder, limit: 64 * 1024)
    #expect(result.status == 1 && !result.wasKilled)
    #expect(result.complaints.count == 1 && result.errors.contains("checkpoint-000003"), "\(result.errors)")
    #expect(!place.names("run").contains { $0.hasPrefix("checkpoint") || $0.hasPrefix(".partial") || $0 == "model" })
    #expect(try Command.run(place.distil(), in: place.folder).status == 0)
    try expectSame("run", in: place)
  }
}
