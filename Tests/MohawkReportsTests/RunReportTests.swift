import Foundation
import MohawkFiles
import MohawkRecipes
import Testing

@testable import MohawkReports

@Suite final class RunReportTests {
  let run: SyntheticRun

  init() throws { run = try SyntheticRun() }
  deinit { run.remove() }

  @Test func aFullRunHasEverySection() throws {
    try run.fill()
    let report = try RunReport(folder: run.folder)
    #expect(report.notes.isEmpty)
    let html = report.html
    let heads = ["matrices", "heads", "spectra", "decays"]
    for id in ["stages", "curves"] + heads + ["layers", "decode", "samples", "measures", "transfer", "recipe"] {
      #expect(html.contains("<section id=\"\(id)\""), "\(id)")
    }
    #expect(html.contains("Look-back") && !html.contains("Half-life of the decay"))
    #expect(html.contains("5.482") && html.contains("6.118") && html.contains("87.3 %"))
    #expect(html.contains("&lt;b&gt;") && !html.contains("<b>"))
    #expect(html.components(separatedBy: "<img ").count - 1 == 4 * 4 * 3)
    #expect(html.components(separatedBy: " alt=\"").count - 1 == 4 * 4 * 3)
  }

  @Test func thePageNeedsNothingFromOutside() throws {
    try run.fill()
    let html = try RunReport(folder: run.folder).html
    for outside in ["<link", "src=\"http", "href=\"http", "url(", "@import", "fetch("] {
      #expect(!html.contains(outside), "\(outside)")
    }
    #expect(!html.contains(run.folder), "the page does not say where it was made")
  }

  @Test func theSamePageComesFromTheSameFolder() throws {
    try run.fill()
    #expect(try RunReport(folder: run.folder).html == RunReport(folder: run.folder).html)
    let path = try RunReport(folder: run.folder).write()
    #expect(path == run.path("report.html"))
    if let copy = reportCopy { try AtomicFile.write(Data(contentsOf: URL(fileURLWithPath: path)), to: copy) }
  }

  /// Where a person who works on the page wants to look at it.
  private var reportCopy: String? { ProcessInfo.processInfo.environment["MOHAWK_REPORT_COPY"] }

  @Test func anUnfinishedRunIsCalledUnfinished() throws {
    let log = try MetricsLog(run.path("metrics.jsonl"))
    for event in SyntheticRun.events.prefix(900) { try log.receive(event) }
    let report = try RunReport(folder: run.folder)
    #expect(report.html.contains("Not finished: hidden-state alignment."))
    #expect(report.stages.map(\.isFinished) == [true, true, false])
    #expect(report.html.contains(" of 196"))
  }

  @Test func brokenFilesAreNamedAndTheRestIsShown() throws {
    try run.fill()
    try AtomicFile.write("{", to: run.path("evaluation.json"))
    try AtomicFile.write(#"[{"prompt": "<x>", "teacher": 3}]"#, to: run.path("samples.json"))
    try AtomicFile.write(#"[{"layer":0,"head":0,"size":2,"teacher":"!","student":""}]"#, to: run.path("matrices.json"))
    try AtomicFile.write("sed: 1", to: run.path("recipe.yaml"))
    let report = try RunReport(folder: run.folder)
    #expect(report.notes.count == 4)
    #expect(report.notes.contains { $0.contains("recipe.yaml:1: sed is not a key") })
    #expect(report.notes.contains { $0.contains("matrices.json") && $0.contains("not a matrix of 2 rows") })
    #expect(report.html.contains("Not shown:") && report.html.contains("section id=\"stages\""))
    #expect(report.html.contains("sed: 1"), "the text of a recipe is shown even if it cannot be read")
  }

  @Test func aFolderWithoutARunIsRefused() {
    #expect(#expect(throws: MohawkError.self) { try RunReport(folder: self.run.folder) }?.code == .missingFile)
    #expect(#expect(throws: MohawkError.self) { try RunReport(folder: "/none") }?.code == .missingFile)
  }

  @Test func hostileTextStaysText() throws {
    let attack = "</script><script>alert(1)</script><img src=x onerror=alert(2)>\" onload=\"x\u{0}"
    var recipe = Recipe()
    recipe.name = attack
    recipe.teacher = attack
    try AtomicFile.write(recipe.yaml, to: run.path("recipe.yaml"))
    try RunReport.save(
      [TextSample(prompt: attack, teacher: attack, student: attack)], as: "samples.json", in: run.folder)
    try RunReport.save(
      [DecodeCost(model: attack, context: -1, millisecondsPerToken: .nan)], as: "decode.json", in: run.folder)
    try RunReport.save(
      [WeightTransferRow(student: attack, teacher: attack, shape: [-1], how: attack)], as: "transfer.json",
      in: run.folder)
    let info = RunInfo(name: attack, fingerprint: attack, device: attack, threads: 1, stages: [])
    let record = EvaluationRecord(
      stage: .alignment, step: 1, stageStep: 1, values: [Metric(attack, 1), Metric("loss", .nan)])
    let log = try MetricsLog(run.path("metrics.jsonl"))
    var again = record
    again.step = 2
    var step = SyntheticRun.step(.alignment, 1, 1, 5)
    step.loss = -.infinity
    for event in [.started(info), .step(step), .evaluated(record), .evaluated(again)] as [TrainingEvent] {
      try log.receive(event)
    }
    let report = try RunReport(folder: run.folder)
    #expect(report.notes.isEmpty)
    let html = report.html
    #expect(html.components(separatedBy: "<script").count == 2 && !html.contains("<img") && !html.contains("\u{0}"))
    #expect(!html.contains("\" onload=\""))
  }

  @Test func absurdNumbersDoNotStopThePage() throws {
    var lines = ""
    for stage in ["alignment", "distillation"] {
      lines +=
        #"{"event":"stageEnded","stage":"\#(stage)","step":1,"seconds":1e-300,"tokens":9223372036854775807}"# + "\n"
    }
    for loss in ["1e308", "-1e308", "1e-320", "null", "\"inf\""] {
      lines +=
        #"{"event":"step","stage":"alignment","step":1,"stageStep":1,"stageSteps":0,"tokens":-1,"loss":\#(loss)}"#
        + "\n"
    }
    try AtomicFile.write(lines, to: run.path("metrics.jsonl"))
    try RunReport.save(
      EvaluationSummary(
        tokens: .min, teacherPerplexity: 0, studentPerplexity: .nan, agreement: .infinity, divergence: -1e300,
        layers: [.init(layer: .max), .init(layer: -1), .init(layer: 0, matrix: .nan)]),
      as: "evaluation.json", in: run.folder)
    let report = try RunReport(folder: run.folder)
    #expect(report.notes.isEmpty)
    #expect(report.html.hasSuffix("</html>\n"))
    var record = SyntheticRun.step(.alignment, 1, 1, 1)
    (record.tokensPerSecond, record.memoryMiB, record.eta, record.learningRate) = (1e300, .nan, 1e300, .nan)
    #expect(ProgressLine.line(record, loss: -.infinity, columns: 80).displayWidth <= 80)
  }

  @Test func manyMatricesAreSampledAndThePageSaysSo() throws {
    try AtomicFile.write("", to: run.path("metrics.jsonl"))
    let pairs = (0..<200).map { SyntheticRun.pair(layer: $0 / 8, head: $0 % 8, size: 4) }
    try RunReport.save(pairs, as: "matrices.json", in: run.folder)
    let html = try RunReport(folder: run.folder).html
    #expect(html.contains("96 of 200 pairs are shown"))
    #expect(html.components(separatedBy: "class=\"pair\"").count - 1 == 96)
  }
}

@Suite struct StageSummaryTests {
  @Test func stagesAreToldFromTheirEvents() {
    let stages = StageSummary.all(SyntheticRun.events)
    #expect(stages.map(\.stage) == [.pretraining, .orientation, .alignment, .distillation])
    #expect(stages[1].steps.count == 98 && stages[1].plannedSteps == 98 && stages[1].isFinished)
    #expect(stages[1].firstLoss > 5 * stages[1].lastLoss)
    #expect(stages[1].layerLosses(atEnd: true)?.count == 4 && stages[3].layerLosses(atEnd: true) == nil)
    #expect(StageSummary.all([]).isEmpty)
  }

  @Test func losslessStagesHaveNoMean() {
    var record = SyntheticRun.step(.alignment, 1, 1, 1)
    record.loss = .nan
    record.perLayer = [.nan, 1]
    let stage = StageSummary.all([.step(record)])[0]
    #expect(stage.firstLoss.isNaN)
    #expect(stage.layerLosses(atEnd: false)?.last == 1)
  }
}
