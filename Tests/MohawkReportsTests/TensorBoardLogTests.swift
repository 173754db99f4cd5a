import Foundation
import MohawkFiles
import MohawkRecipes
import Testing

@testable import MohawkReports

@Suite final class TensorBoardLogTests {
  let run: SyntheticRun

  init() throws { run = try SyntheticRun() }
  deinit { run.remove() }

  private func hexadecimal(_ event: TensorBoardEvent) -> String {
    event.record.map { String(format: "%02x", $0) }.joined()
  }

  @Test func theFirstRecordIsTheVersion() {
    #expect(hexadecimal(TensorBoardEvent(wallTime: 1.5, step: 0, content: .fileVersion)) == Goldens.version)
  }

  @Test func aScalarRecordIsThatOfTheReferenceWriter() {
    let event = TensorBoardEvent(
      wallTime: 1.5, step: 300, content: .scalars([("orientation/loss", 0.25), ("a", -1e30)]))
    #expect(hexadecimal(event) == Goldens.scalars)
  }

  @Test func aResumedFileSaysSo() {
    #expect(hexadecimal(TensorBoardEvent(wallTime: 1.5, step: 7, content: .sessionStart)) == Goldens.start)
  }

  @Test func everyStepIsARecord() throws {
    let folder = run.path("tensorboard")
    let log = try TensorBoardLog(folder: folder, now: { 1_700_000_000 })
    for event in SyntheticRun.events { try log.receive(event) }
    #expect(log.path.contains("/events.out.tfevents.1700000000."))
    let bytes = try Data(contentsOf: URL(fileURLWithPath: log.path))
    var (start, records) = (0, 0)
    while start < bytes.count {
      let length = bytes[start..<start + 8].reversed().reduce(0) { $0 << 8 | Int($1) }
      start += 16 + length
      records += 1
    }
    #expect(start == bytes.count)
    let expected = SyntheticRun.events.filter { event in
      switch event {
      case .step, .evaluated: true
      default: false
      }
    }
    #expect(records == expected.count + 1)
    if let copy = ProcessInfo.processInfo.environment["MOHAWK_TENSORBOARD_COPY"] {
      try AtomicFile.write(bytes, to: copy)
    }
  }
}
