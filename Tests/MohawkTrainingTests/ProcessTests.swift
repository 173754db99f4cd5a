import Foundation
import MohawkFiles
import Testing

@testable import MohawkTraining

@Suite struct RunLockTests {
  @Test func aSecondProcessIsToldWhoHoldsTheFolder() async throws {
    let folder = try TemporaryFolder()
    let path = folder / "run"
    let lock = try RunLock(folder: path)
    let holder = ProcessInfo.processInfo.processIdentifier
    await #expect(processExitsWith: .exitCode(7)) { [path = path as String, holder = holder as Int32] in
      do {
        _ = try RunLock(folder: path)
      } catch let error as MohawkError where error.code == .alreadyInUse {
        if error.message.contains("process \(holder) ") { exit(7) }
      }
    }
    withExtendedLifetime(lock) {}
  }

  @Test func theLockIsFreedWhenItsHolderDies() async throws {
    let folder = try TemporaryFolder()
    let path = folder.path
    await #expect(processExitsWith: .signal(SIGKILL)) { [path = path as String] in
      let lock = try RunLock(folder: path)
      kill(getpid(), SIGKILL)
      withExtendedLifetime(lock) {}
    }
    _ = try RunLock(folder: path)
  }

  @Test func aReleasedLockCanBeTakenAgain() throws {
    let folder = try TemporaryFolder()
    var lock: RunLock? = try RunLock(folder: folder.path)
    let error = #expect(throws: MohawkError.self) { try RunLock(folder: folder.path) }
    #expect(error?.code == .alreadyInUse)
    withExtendedLifetime(lock) {}
    lock = nil
    _ = try RunLock(folder: folder.path)
  }

  @Test func aFolderThatCannotBeIsNamed() throws {
    let folder = try TemporaryFolder()
    try AtomicFile.write("x", to: folder / "file")
    let error = #expect(throws: MohawkError.self) { try RunLock(folder: folder / "file") }
    #expect(error?.code == .notWritable)
    try AtomicFolder.ensure(folder / "run/.lock")  // a folder where the lock belongs
    #expect(throws: MohawkError.self) { try RunLock(folder: folder / "run") }
  }
}

/// Sends a signal to this process (worker threads mask signals, so `raise` would not do) and waits for its handler.
func signalAndWait(_ number: Int32) {
  kill(getpid(), number)
  let deadline = Date().addingTimeInterval(10)
  while !StopSignal.isRequested, Date() < deadline { usleep(1000) }
}

@Suite struct StopSignalTests {
  @Test(arguments: [SIGINT, SIGTERM, SIGHUP]) func theFirstSignalIsARequest(_ number: Int32) async {
    await #expect(processExitsWith: .exitCode(7)) { [number = number as Int32] in
      StopSignal.install()
      guard !StopSignal.isRequested else { exit(1) }
      signalAndWait(number)
      exit(StopSignal.isRequested ? 7 : 1)
    }
  }

  @Test func theSecondSignalEndsTheProcess() async {
    await #expect(processExitsWith: .signal(SIGINT)) {
      StopSignal.install()
      signalAndWait(SIGINT)
      kill(getpid(), SIGINT)
      sleep(10)
    }
    await #expect(processExitsWith: .signal(SIGTERM)) {
      StopSignal.install()
      signalAndWait(SIGINT)
      kill(getpid(), SIGTERM)
      sleep(10)
    }
  }

  @Test func aTerminalThatClosesTwiceEndsNothing() async {
    await #expect(processExitsWith: .exitCode(7)) {
      StopSignal.install()
      signalAndWait(SIGHUP)
      kill(getpid(), SIGHUP)
      usleep(100_000)
      exit(7)
    }
    await #expect(processExitsWith: .exitCode(8)) {
      signal(SIGHUP, SIG_IGN)  // as nohup does
      StopSignal.install()
      kill(getpid(), SIGHUP)
      usleep(100_000)
      exit(StopSignal.isRequested ? 7 : 8)
    }
  }

  @Test func aRunThatIsInterruptedByCtrlCCanBeResumed() async throws {
    let folder = try TemporaryFolder()
    let path = folder.path
    await #expect(processExitsWith: .exitCode(7)) { [path = path as String] in
      StopSignal.install()
      let run = try ToyRun()
      run.recorder.dies = { event in
        if case .step(let record) = event, record.step == 4 { signalAndWait(SIGINT) }
        return false
      }
      do {
        try run.loop(CheckpointStore(folder: path)) { StopSignal.isRequested }.run()
      } catch let error as MohawkError where error.code == .interrupted {
        exit(7)
      }
    }
    #expect(try CheckpointStore(folder: path).newest().checkpoint?.state.step == 4)
  }
}

@Suite struct MeasuringTests {
  @Test func memoryIsReadFromTheStatusFile() {
    let memory = ProcessMemory(status: "Name:\tx\nVmPeak:\t 9 kB\nVmHWM:\t   4096 kB\nVmRSS:\t   2048 kB\n")
    #expect(memory == ProcessMemory(status: "VmRSS: 2048 kB\nVmHWM: 4096 kB"))
    #expect(memory.resident == 2 && memory.peak == 4)
    #expect(ProcessMemory(status: "nothing").resident.isNaN)
  }

  @Test func speedIsThatOfTheLastTwentySteps() {
    var clock = StepClock()
    #expect(clock.tokensPerSecond == 0)
    for _ in 0..<5 { clock.add(tokens: 10, seconds: 10) }
    for _ in 0..<20 { clock.add(tokens: 10, seconds: 0.5) }
    #expect(abs(clock.tokensPerSecond - 20) < 1e-9)
    #expect(abs(clock.total - 60) < 1e-9)
  }
}
