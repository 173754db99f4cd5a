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
@Suite(.serialized) struct KillTests {
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

  @Test func aRunThatIsKilledAtAnyTimeGivesTheSameNumbers() throws {
    let place = try Workplace()
    var random = SeededGenerator(seed: 5)
    var kills = 0
    var (inCheckpoints, inSteps, others) = (0, 0, 0)
    while true {
      let command = try Command(place.distil(), in: place.folder)
      let before = Set(place.names("run"))
      let steps = place.stepCount("run")
      switch kills % 3 {
      case 0:  // while the second checkpoint of this start is being written
        command.wait {
          let names = place.names("run")
          return names.contains { $0.hasPrefix("checkpoint") && !before.contains($0) }
            && names.contains { $0.hasPrefix(".partial-checkpoint") }
        }
      case 1:  // in a step, after enough steps to have saved one more checkpoint
        command.wait { place.stepCount("run") >= steps + 4 }
        usleep(UInt32(random.next(below: 30_000)))
      default:  // while it starts, reads the checkpoint, or prepares
        usleep(UInt32(100_000 + random.next(below: 400_000)))
      }
      command.send(SIGKILL)
      let isWriting = place.names("run").contains { $0.hasPrefix(".partial-checkpoint") }
      let result = try command.wait()
      if !result.wasKilled {
        #expect(result.status == 0, "\(result.errors)")
        break
      }
      switch (kills % 3, isWriting) {
      case (_, true): inCheckpoints += 1
      case (1, _): inSteps += 1
      default: others += 1
      }
      kills += 1
    }
    #expect(kills >= 6 && inSteps >= 1 && others >= 1, "\(inCheckpoints) \(inSteps) \(others)")
    try expectSame("run", in: place)
  }

  @Test(arguments: [SIGINT, SIGTERM]) func aSignalSavesAndTheSameCommandContinues(_ signal: Int32) throws {
    let place = try Workplace()
    let command = try Command(place.distil(), in: place.folder)
    command.wait { place.stepCount("run") >= 4 }
    command.send(signal)
    let result = try command.wait()
    #expect(result.status == 130 && !result.wasKilled)
    let complaint = try #require(result.complaints.first)
    #expect(complaint.contains("give the same command again to continue") && result.complaints.count == 1)
    let steps = place.stepCount("run")
    #expect(steps < 24)
    #expect(place.names("run").contains { $0.hasPrefix("checkpoint") && Int($0.suffix(6)) == steps })

    let rest = try Command.run(place.distil(), in: place.folder)
    #expect(rest.status == 0 && rest.errors.contains("continuing after step \(steps)"), "\(rest.errors)")
    try expectSame("run", in: place)
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
