import Foundation
import MohawkFiles
import MohawkRecipes
import Testing

@testable import MohawkReports

@Suite final class MetricsLogTests {
  let run: SyntheticRun
  var path: String { run.path("metrics.jsonl") }

  init() throws { run = try SyntheticRun() }
  deinit { run.remove() }

  private func log(_ events: some Sequence<TrainingEvent>, resumingAfter step: Int? = nil) throws {
    let log = try MetricsLog(path, resumingAfter: step)
    for event in events { try log.receive(event) }
  }

  @Test func everyEventIsOneLineAndComesBack() throws {
    let events = SyntheticRun.events
    try log(events)
    #expect(try MetricsLog.read(path) == events)
    #expect(try String(contentsOfFile: path, encoding: .utf8).filter { $0 == "\n" }.count == events.count)
  }

  @Test func aLineIsOnDiskBeforeTheNextEvent() throws {
    let log = try MetricsLog(path)
    try log.receive(.ended)
    #expect(try String(contentsOfFile: path, encoding: .utf8) == "{\"event\":\"ended\"}\n")
  }

  /// A killed run, resumed from the checkpoint at each of some steps, leaves the file of an undisturbed run.
  @Test(arguments: [0, 1, 500, 733, 831, 1027, 1100]) func aResumedLogReadsLikeAnUndisturbedOne(checkpoint: Int) throws
  {
    let events = SyntheticRun.events
    try log(events)
    let whole = try Data(contentsOf: URL(fileURLWithPath: path))
    // Killed 40 steps past the checkpoint, in the middle of a line.
    let death = events.firstIndex { ($0.step ?? -1) > checkpoint + 40 }!
    try FileManager.default.removeItem(atPath: path)
    try log(events[..<death])
    let handle = try #require(FileHandle(forWritingAtPath: path))
    try handle.seekToEnd()
    try handle.write(contentsOf: Data(#"{"event":"step","loss":1."#.utf8))
    try handle.close()
    // The resumed run says again that it starts, which stage it is in, and what it found at the checkpoint.
    let stage = events.compactMap { event -> TrainingEvent? in
      if case .stageStarted(_, let step, _, _) = event, step <= checkpoint { return event }
      return nil
    }.last!
    let atCheckpoint = events.filter { if case .evaluated = $0 { $0.step == checkpoint } else { false } }
    let later = events.filter { ($0.step ?? .max) > checkpoint && $0 != events[0] }
    try log([events[0], stage] + atCheckpoint + later, resumingAfter: checkpoint)
    #expect(try Data(contentsOf: URL(fileURLWithPath: path)) == whole)
  }

  @Test func aHalfWrittenLastLineIsPassedOver() throws {
    try log([.checkpointed(path: "a", step: 1)])
    let text = try String(contentsOfFile: path, encoding: .utf8)
    try AtomicFile.write(text + #"{"event":"st"#, to: path)
    #expect(try MetricsLog.read(path).count == 1)
    #expect(try MetricsLog.truncate(path, after: 1).count == 1)
    #expect(try String(contentsOfFile: path, encoding: .utf8) == text)
  }

  @Test func aWholeLastLineWithoutNewlineCounts() throws {
    try AtomicFile.write(#"{"event":"checkpointed","path":"a","step":1}"#, to: path)
    try log([.ended], resumingAfter: 1)
    #expect(try MetricsLog.read(path) == [.checkpointed(path: "a", step: 1), .ended])
  }

  @Test(arguments: ["nonsense", "{}", #"{"event":"party"}"#, #"{"event":"step","step":"x"}"#, "[1]", "\u{0}"])
  func aBrokenLineInTheMiddleIsNamed(line: String) throws {
    try AtomicFile.write("{\"event\":\"ended\"}\n\(line)\n{\"event\":\"ended\"}\n", to: path)
    let error = #expect(throws: MohawkError.self) { try MetricsLog.read(self.path) }
    #expect(error?.location == path + ":2")
  }

  @Test func lossesThatAreNotNumbersSurvive() throws {
    var record = SyntheticRun.step(.alignment, 1, 1, 10)
    (record.loss, record.gradientNorm) = (.nan, .infinity)
    try log([.step(record)])
    guard case .step(let back) = try MetricsLog.read(path)[0] else { return #expect(Bool(false), "not a step") }
    #expect(back.loss.isNaN && back.gradientNorm == .infinity)
  }

  @Test func anotherRunsLogIsNotTouched() throws {
    try log([.ended])
    #expect(#expect(throws: MohawkError.self) { try MetricsLog(self.path) }?.code == .alreadyInUse)
    #expect(try MetricsLog.read(path) == [.ended])
  }

  @Test func aMissingLogIsEmptyOnResumeAndNamedOnReading() throws {
    #expect(try MetricsLog.truncate(path, after: 5).isEmpty)
    #expect(#expect(throws: MohawkError.self) { try MetricsLog.read(self.path) }?.code == .missingFile)
    #expect(#expect(throws: MohawkError.self) { try MetricsLog(self.run.path("none/x")) }?.code == .missingFile)
  }

  @Test func aFullDiskIsSaid() throws {
    try #require(FileManager.default.fileExists(atPath: "/dev/full"))
    let file = try GrowingFile("/dev/full")
    #expect(#expect(throws: MohawkError.self) { try file.append([1]) }?.code == .diskFull)
  }
}
