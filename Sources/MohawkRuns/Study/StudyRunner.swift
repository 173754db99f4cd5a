import Foundation
import MohawkFiles
import MohawkRecipes
import MohawkReports
import MohawkTensor

/// Does the runs of a study, each an ordinary distillation in a folder of its own, beside any number of other processes
/// that do the same in the same folder.
public final class StudyRunner {
  /// What is run.
  public let study: Study
  /// The study's folder.
  public let folder: String
  private let settings: RunSettings
  /// Whether to wait for runs that other processes do, and to take over those that they leave behind.
  public var waits = false
  /// Told before every run.
  public var onRun: (StudyProgress) -> Void = { _ in }
  /// Context lengths at which each run measures what the next token costs.
  public var decodeContexts: [Int] = []
  /// Wall seconds of the runs that this process has finished.
  private var times: [Double] = []
  /// The report that was made last.
  private var newest: StudyReport?
  /// Why runs had failed before this process began; these are tried again.
  private var earlierFailures: [String: String] = [:]

  /// Nothing happens before `run`.
  public init(_ study: Study, folder: String, _ settings: RunSettings = RunSettings()) {
    self.study = study
    self.folder = RunFolder(folder).path
    self.settings = settings
  }

  /// Does every run that is not done, has not failed just now, and is in no other hands.
  /// - Returns: what was found, and who still works on what.
  /// - Throws: `MohawkError` when the folder cannot be used; of code `interrupted` when it was asked to stop. Runs that
  ///   fail do not stop the others: the report tells of them.
  public func run() throws -> (report: StudyReport, busy: [String]) {
    try AtomicFolder.ensure(folder)
    try claimFolder()
    for run in study.runs { earlierFailures[run.name] = StudyReport.failure(of: run, in: folder) }
    let threads = Runtime.threads
    defer { Runtime.threads = threads }
    while true {
      var busy: [String] = []
      var progressed = false
      for run in study.runs where try !isSettled(run) {
        try stopIfAsked()
        switch try RunClaim.take(run.name, in: folder + "/claims") {
        case .held(let holder): busy.append("\(run.name): \(holder.text)")
        case .taken(let claim):
          defer { claim.release() }
          if try isSettled(run) { continue }
          Runtime.threads = run.recipe.threads ?? threads
          if try attempt(run, claim) { progressed = true } else { busy.append(run.name) }
        }
      }
      if busy.isEmpty || !waits { return (try writeReport(), busy) }
      if !progressed { try rest() }
    }
  }

  /// Writes what there is so far.
  @discardableResult
  public func writeReport() throws -> StudyReport {
    let report = look()
    try report.write(to: folder)
    return report
  }

  /// What there is now.
  private func look() -> StudyReport {
    let report = StudyReport(study, folder: folder, earlier: newest)
    newest = report
    return report
  }

  /// Notes the study in its folder. Arms and seeds may come and go; what a finished run did may not change under its
  /// name, which that run finds out.
  private func claimFolder() throws {
    let path = folder + "/" + StudyReport.FileName.study
    let known = try? String(contentsOfFile: path, encoding: .utf8)
    if known == study.yaml { return }
    if known == nil, FileManager.default.fileExists(atPath: folder + "/" + RunReport.FileName.recipe) {
      throw MohawkError(
        .mismatch, "this is the folder of a run, not of a study", at: folder, remedy: "choose another folder")
    }
    try AtomicFile.write(study.yaml, to: path)
    if known != nil { settings.notice("the study has changed since the last start") }
  }

  /// Whether a run needs nothing more from this process: it is finished as its recipe says, or has just failed.
  private func isSettled(_ run: Study.Run) throws -> Bool {
    if let failure = StudyReport.failure(of: run, in: folder), failure != earlierFailures[run.name] { return true }
    let place = RunFolder(StudyReport.folder(of: run, in: folder))
    guard place.isFinished, let recipe = try? RecipeLoader.load(place.recipe) else { return false }
    // A rule for attention is replaced by what it found.
    guard !run.recipe.change(from: recipe, stages: run.recipe.stages).decides else { return false }
    if run.recipe.frames.isEmpty { return true }
    let frames = try RunReport(folder: place.path).evaluation?.frames?.map(\.name) ?? []
    return run.recipe.frames.allSatisfy { frames.contains($0.rawValue) }
  }

  /// Does a run to its end.
  /// - Returns: false when another process turned out to do it.
  private func attempt(_ run: Study.Run, _ claim: RunClaim) throws -> Bool {
    let report = look()
    onRun(StudyProgress(run, report, secondsPerRun: secondsPerRun(report)))
    let start = ContinuousClock.now
    let failure = StudyReport.failurePath(of: run, in: folder)
    var own = settings
    own.notice = { [settings] in settings.notice("\(run.name): \($0)") }
    own.shouldStop = { [settings] in claim.isLost || settings.shouldStop() }
    let path = StudyReport.folder(of: run, in: folder)
    do {
      let distillation = DistillationRun(run.recipe, folder: path, own)
      distillation.decodeContexts = decodeContexts
      try distillation.run()
      try? FileManager.default.removeItem(atPath: failure)
      earlierFailures[run.name] = nil
      times.append(Double(start.duration(to: .now) / .seconds(1)))
    } catch let error as MohawkError where error.code == .interrupted {
      guard settings.shouldStop() else {
        settings.notice("\(run.name): another process has taken this run over")
        return false
      }
      try writeReport()
      throw MohawkError(
        .interrupted, error.message, at: error.location, remedy: "give the same command again to continue the study")
    } catch let error as MohawkError where error.code == .alreadyInUse && error.location == path {
      settings.notice("\(run.name): \(error.message)")
      return false
    } catch {
      settings.notice("\(run.name) failed: \(error)")
      try AtomicFolder.ensure(folder + "/" + StudyReport.FileName.failures)
      // The moment tells this failure from an earlier one of the same kind.
      try AtomicFile.write("\(error)".split(separator: "\n").joined(separator: " ") + "\n\(Date())\n", to: failure)
      earlierFailures[run.name] = nil
    }
    try writeReport()
    return true
  }

  private func secondsPerRun(_ report: StudyReport) -> Double? {
    let known = times.isEmpty ? report.outcomes.filter { $0.state == .finished }.map(\.seconds) : times
    return known.isEmpty ? nil : known.reduce(0, +) / Double(known.count)
  }

  private func stopIfAsked() throws {
    guard settings.shouldStop() else { return }
    try writeReport()
    throw MohawkError(
      .interrupted, "stopped between runs", at: folder, remedy: "give the same command again to continue the study")
  }

  /// Waits a little for what others do.
  private func rest() throws {
    for _ in 0..<50 {
      try stopIfAsked()
      Thread.sleep(forTimeInterval: 0.1)
    }
  }
}

/// Which run of a study begins.
public struct StudyProgress: Sendable {
  /// The run.
  public let run: Study.Run
  /// Its number, from 1, in the order of the study.
  public let number: Int
  /// Runs of the study.
  public let total: Int
  /// Runs at their end.
  public let finished: Int
  /// Runs that an error ended.
  public let failed: Int
  /// Estimated seconds until one process has done the rest; nil before the first run is finished.
  public let remaining: Double?

  init(_ run: Study.Run, _ report: StudyReport, secondsPerRun: Double?) {
    self.run = run
    total = report.outcomes.count
    number = (report.study.runs.firstIndex { $0.name == run.name } ?? 0) + 1
    finished = report.outcomes.count { $0.state == .finished }
    failed = report.outcomes.count { $0.state == .failed }
    let rest = Double(total - finished - failed)
    remaining = secondsPerRun.map { $0 * rest }
  }

  /// Such as `run 3 of 12: hybrid, seed 1 (2 finished, about 4:10 left)`.
  public var text: String {
    var facts = ["\(finished) finished"]
    if failed > 0 { facts.append("\(failed) failed") }
    if let remaining { facts.append("about \(Number.duration(remaining)) left") }
    return "run \(number) of \(total): \(run.arm), seed \(run.seed) (\(facts.joined(separator: ", ")))"
  }
}
