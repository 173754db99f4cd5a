import Foundation
import MohawkFiles
import MohawkRecipes
import Testing

@testable import MohawkReports

/// Studies whose runs nobody trained.
@Suite struct StudyReportTests {
  /// Two arms of three seeds, with numbers in place of training.
  private func study(_ folder: TemporaryStudy) throws -> Study {
    var second = SyntheticRun.recipe
    second.teacher = "t"
    let first = second
    second.student.chunk = 32
    var study = Study([.init("plain", first), .init("<chunk>", second)])
    study.name = "of chunks"
    study.report = ["KL", "perplexity", "mqar_4/acc", "seconds"]
    let divergences: [String: [Double]] = ["plain": [0.311, 0.305, 0.320], "<chunk>": [0.158, 0.163, 0.150]]
    for run in study.runs {
      let place = StudyReport.folder(of: run, in: folder.path)
      try folder.fill(place, divergence: divergences[run.arm]![Int(run.seed) - 1])
    }
    return study
  }

  @Test func numbersOfRunsBecomeMeansAndTests() throws {
    let folder = try TemporaryStudy()
    let study = try study(folder)
    let report = StudyReport(study, folder: folder.path)
    #expect(report.outcomes.allSatisfy { $0.state == .finished } && report.notes.isEmpty)
    #expect(
      report.table.rows[0] == [
        "plain", "3", "0.3120 ± 0.0075", "6.118 ± 0.000", "0.5000 ± 0.0000", report.table.rows[0][5],
      ])
    #expect(report.table.rows[1][2] == "0.1570 ± 0.0066")
    let test = try #require(report.comparisons.first)
    #expect(test.arm == "<chunk>" && test.measure == "KL" && abs(test.test.mean + 0.155) < 1e-12)
    #expect(abs(test.test.p - 0.00274963041238961) < 1e-10)
    #expect(report.comparisons.map(\.measure) == ["KL", "perplexity", "mqar_4/acc"])
    let row = try #require(report.comparisonTable?.rows.first)
    #expect(row == ["<chunk>", "KL", "3", "−0.1550", "−0.1900 to −0.1200", "0.0027"])
  }

  @Test func thePageAndTheResultsSayTheSame() throws {
    let folder = try TemporaryStudy()
    let study = try study(folder)
    let report = StudyReport(study, folder: folder.path)
    try report.write(to: folder.path)
    let page = try String(contentsOfFile: folder.path + "/study.html", encoding: .utf8)
    for part in [
      "of chunks", "&lt;chunk&gt;", "0.3120 ± 0.0075", "Beside plain", "id=\"curves\"", "Knowledge distillation: loss",
      "student.chunk",
      "runs/plain_seed2/report.html", "Layer 3, head 1",
    ] {
      #expect(page.contains(part), "\(part)")
    }
    #expect(!page.contains("<chunk>"))
    let data = try Data(contentsOf: URL(fileURLWithPath: folder.path + "/results.json"))
    let decoder = JSONDecoder()
    decoder.nonConformingFloatDecodingStrategy = .convertFromString(
      positiveInfinity: "inf", negativeInfinity: "-inf", nan: "nan")
    let results = try decoder.decode(StudyReport.Results.self, from: data)
    #expect(
      results.arms == report.results.arms && results.runs.count == 6 && results.arms[1].keys == ["student.chunk": "32"])
    #expect(results.arms[0].measures["KL"]?.count == 3 && results.runs[0].measures["KL"] == 0.311)
  }

  @Test func curvesAreMeansOverSeeds() throws {
    let folder = try TemporaryStudy()
    let study = try study(folder)
    let outcomes = StudyReport(study, folder: folder.path).outcomes.filter { $0.arm == "plain" }
    let curves = StudyCurves(outcomes)
    let losses = try #require(curves.losses[.alignment])
    let stage = try #require(outcomes[0].stages.first { $0.stage == .alignment })
    #expect(losses.count == stage.steps.count && losses[0].tokens == 2048)
    #expect(abs(losses[0].value - stage.steps[0].loss) < 1e-12 && abs(losses[1].seconds - 0.46) < 1e-9)
    let measure = try #require(curves.measures["agreement"])
    #expect(measure.map(\.tokens) == measure.map(\.tokens).sorted() && measure.last!.tokens > 1_400_000)
    let one = StudyCurves([outcomes[0], outcomes[0]])
    #expect(one.losses[.alignment] == StudyCurves([outcomes[0]]).losses[.alignment])
  }

  @Test func whatIsMissingIsSaid() throws {
    let folder = try TemporaryStudy()
    let study = try study(folder)
    let (first, second) = (study.runs[0], study.runs[1])
    try FileManager.default.removeItem(atPath: StudyReport.folder(of: first, in: folder.path))
    try FileManager.default.removeItem(atPath: StudyReport.folder(of: second, in: folder.path) + "/model")
    try folder.write("failures/\(study.runs[2].name).txt", "no space left\nsome day\n")
    let report = StudyReport(study, folder: folder.path)
    #expect(report.outcomes.prefix(4).map(\.state) == [.waiting, .begun, .failed, .finished])
    #expect(
      report.notes == [
        "1 of 6 runs is not finished.", "1 of 6 runs is not begun.", "plain, seed 2 failed: no space left",
      ])
    #expect(report.table.rows[0][1] == "1 of 3" && report.table.rows[0][2] == "0.3200")
    #expect(report.comparisons.isEmpty && report.comparisonTable == nil && report.html.contains("no space left"))
    // Nothing at all is a page, too.
    let empty = StudyReport(study, folder: folder.path + "/nowhere")
    #expect(empty.table.rows[0][1] == "0 of 3" && empty.html.contains("0 of 6 runs"))
  }
}

/// A study's folder that goes away.
final class TemporaryStudy {
  let path: String

  init() throws {
    path = FileManager.default.temporaryDirectory.appendingPathComponent("mohawk-study-\(UUID().uuidString)").path
    try AtomicFolder.ensure(path)
  }

  deinit { try? FileManager.default.removeItem(atPath: path) }

  func write(_ name: String, _ text: String) throws {
    let url = URL(fileURLWithPath: path + "/" + name)
    try AtomicFolder.ensure(url.deletingLastPathComponent().path)
    try Data(text.utf8).write(to: url)
  }

  /// A finished run's folder with this divergence.
  func fill(_ folder: String, divergence: Double) throws {
    let run = try SyntheticRun()
    try run.fill()
    try RunReport.save(
      EvaluationSummary(tokens: 16_384, teacherPerplexity: 5.482, studentPerplexity: 6.118, divergence: divergence),
      as: RunReport.FileName.evaluation, in: run.folder)
    let outcome = TaskOutcome(
      task: "mqar_4", kind: "generate_until", source: "made", judged: 4, available: 4, measures: [.init("acc", 0.5)])
    try RunReport.save(TaskComparison(student: [outcome]), as: RunReport.FileName.tasks, in: run.folder)
    try AtomicFolder.ensure(run.folder + "/model")
    try Data("{}".utf8).write(to: URL(fileURLWithPath: run.folder + "/model/config.json"))
    try AtomicFolder.ensure(URL(fileURLWithPath: folder).deletingLastPathComponent().path)
    try FileManager.default.moveItem(atPath: run.folder, toPath: folder)
  }
}
