import Foundation
import MohawkRecipes
import Testing

@testable import MohawkReports

@Suite struct ProgressLineTests {
  /// What is written for `events`, each `interval` seconds after the one before.
  private func shown(_ events: [TrainingEvent], every interval: Double, columns: Int? = nil) throws -> [String] {
    var time = 0.0
    var written: [String] = []
    let line = ProgressLine(columns.map { columns in .terminal { columns } } ?? .plain, now: { time }) {
      written.append($0)
    }
    for event in events {
      try line.receive(event)
      time += interval
    }
    return written
  }

  private func steps(_ count: Int) -> [TrainingEvent] {
    (1...count).map { .step(SyntheticRun.step(.orientation, $0, $0, count)) }
  }

  @Test func aDisplayThatIsGoneStopsNoRun() throws {
    let handle = FileHandle(forReadingAtPath: "/dev/null")!  // which cannot be written
    #expect(throws: (any Error).self) { try handle.write(contentsOf: Data("x".utf8)) }
    let line = ProgressLine(.plain, on: handle)
    try line.receive(.stageStarted(.alignment, step: 0, steps: 4, tokens: 64))
    try line.receive(.ended)
  }

  @Test func aTerminalIsDrawnAtMostTenTimesASecond() throws {
    let drawn = try shown(steps(1000), every: 0.01, columns: 120)
    #expect((90...102).contains(drawn.count))
    #expect(drawn.allSatisfy { $0.hasPrefix("\r") && $0.hasSuffix("\u{1B}[K") })
    #expect(drawn.last?.contains("1,000/1,000") == true)
  }

  @Test(arguments: [20, 30, 40, 60, 80, 100, 200]) func aLineFitsTheTerminal(columns: Int) throws {
    for line in try shown(steps(1000), every: 1, columns: columns) {
      let text = line.dropFirst().dropLast(3)
      #expect(text.displayWidth <= columns - 1)
      #expect(text.contains("/1,000"))
    }
  }

  @Test func whatMattersStaysWhenItIsNarrow() {
    let record = SyntheticRun.step(.orientation, 5, 5, 10)
    let wide = ProgressLine.line(record, loss: 1.5, columns: 119)
    for part in ["orientation", " 5/10", "█", "loss 1.500", "lr ", "tok/s", "MiB", "ETA"] {
      #expect(wide.contains(part))
    }
    let narrow = ProgressLine.line(record, loss: 1.5, columns: 24)
    #expect(narrow.contains("loss 1.500") && narrow.contains("5/10") && !narrow.contains("MiB"))
  }

  @Test func plainLinesComeEveryTenthOfAStage() throws {
    let lines = try shown(steps(1000), every: 0.001)
    #expect(lines.count == 11)
    #expect(lines.allSatisfy { $0.hasSuffix("\n") && $0.dropLast().allSatisfy { !$0.isNewline } })
    #expect(lines.joined().unicodeScalars.allSatisfy { $0 == "\n" || $0.value >= 0x20 && $0.value != 0x7F })
  }

  @Test func plainLinesOfASlowStageComeEveryTenSeconds() throws {
    #expect((90...120).contains(try shown(steps(1000), every: 1).count))
  }

  @Test func aFinishedLineIsNotOverwritten() throws {
    let events: [TrainingEvent] = [
      .stageStarted(.alignment, step: 0, steps: 1, tokens: 2048), .step(SyntheticRun.step(.alignment, 1, 1, 1)),
      .stageEnded(.alignment, step: 1, seconds: 61, tokens: 2048),
    ]
    let text = try shown(events, every: 1, columns: 80).joined()
    #expect(text.contains("\u{1B}[K\nHidden-state alignment took 1:01 for 2.05k tokens"))
    #expect(text.hasSuffix("\n"))
  }

  @Test func aLossThatIsNotANumberIsShownAndForgotten() throws {
    var broken = SyntheticRun.step(.alignment, 1, 1, 3)
    broken.loss = .nan
    broken.eta = .infinity
    let lines = try shown([.step(broken), .step(SyntheticRun.step(.alignment, 2, 2, 3))], every: 60)
    #expect(lines[0].contains("loss nan") && lines[0].contains("ETA –"))
    #expect(!lines[1].contains("nan"))
  }

  @Test func theBarIsExactlyAsWideAsAsked() {
    for step in -1...41 { #expect(ProgressLine.bar(Double(step) / 40, width: 10).count == 10) }
    #expect(ProgressLine.bar(1, width: 4) == "████" && ProgressLine.bar(0, width: 4) == "░░░░")
  }
}
