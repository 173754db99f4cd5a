import Foundation
import MohawkReports
import PretendDeviceSupport
import Testing

/// Whole runs on the pretended device, whose library the command finds in its process.
@Suite(.serialized, .onTwoThreads) struct DeviceRunTests {
  private static let environment = ["OMP_NUM_THREADS": "1", "LD_PRELOAD": PretendDevice.library]

  private func losses(_ place: Workplace, _ run: String) throws -> [Double] {
    try MetricsLog.read(place.path(run) + "/metrics.jsonl").flatMap { event -> [Double] in
      if case .step(let record) = event { [record.loss, record.gradientNorm] + (record.perLayer ?? []) } else { [] }
    }
  }

  @Test(arguments: [
    ["--teacher", "teacher"], ["--teacher", "llama", "--set", "student.mixer=mamba-2"],
    ["--teacher", "llama", "--attention", "best:1", "--set", "student.window=4"],
    ["--teacher", "llama", "--attention", "heads:3", "--set", "student.window=4"],
  ]) func aRunOnADeviceLearnsWhatARunOnTheProcessorLearns(_ more: [String]) throws {
    let place = try Workplace()
    try place.makeLlama("llama")
    let here = try Command.run(place.distil("here") + more, in: place.folder)
    #expect(here.status == 0, "\(here.errors)")
    let there = try Command(
      place.distil("there") + more + ["--device", "pretend"], in: place.folder, environment: Self.environment
    ).wait()
    #expect(there.status == 0, "\(there.errors)")
    let (mine, theirs) = (try losses(place, "there"), try losses(place, "here"))
    #expect(mine.count == theirs.count)
    let worst = zip(mine, theirs).map { abs($0 - $1) / max(abs($1), 1e-3) }.max() ?? 1
    #expect(worst < 1e-2, "\(worst)")
    #expect(there.output.contains("The student is in"))
  }

  @Test func aRunOnADeviceThatWasStoppedContinuesBitByBit() throws {
    let place = try Workplace()
    let options = place.distil("run") + ["--device", "pretend"]
    #expect(
      try Command(
        place.distil("whole") + ["--device", "pretend"], in: place.folder, environment: Self.environment
      ).wait().status == 0)
    for steps in [5, 13, 20] {
      let run = try Command(options, in: place.folder, environment: Self.environment)
      run.wait { place.stepCount("run") >= steps }
      run.send(SIGINT)
      let result = try run.wait()
      #expect(result.status == 130, "\(result.errors)")
    }
    let rest = try Command(options, in: place.folder, environment: Self.environment).wait()
    #expect(rest.status == 0 && rest.errors.contains("continuing after step"), "\(rest.errors)")
    let areSame = try place.numbers("run") == place.numbers("whole")
    #expect(areSame)
  }

  @Test func ranksOnADeviceAreRefused() throws {
    let place = try Workplace()
    let ranks = try Ranks.start(
      2, place.distil("run") + ["--device", "pretend"], in: place, environment: Self.environment)
    for result in try ranks.map({ try $0.wait() }) {
      #expect(result.status == 1 && result.errors.contains("train on processors only"), "\(result.errors)")
    }
  }

  @Test func aDeviceThatIsNotThereIsRefused() throws {
    let place = try Workplace()
    let result = try Command.run(place.distil("run") + ["--device", "pretend"], in: place.folder)
    #expect(result.status == 1 && result.errors.contains("unknown device 'pretend'"), "\(result.errors)")
  }
}
