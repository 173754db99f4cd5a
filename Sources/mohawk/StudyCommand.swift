import ArgumentParser
import Foundation
import MohawkCommands
import MohawkFiles
import MohawkRecipes
import MohawkReports
import MohawkRuns

/// Distils one teacher in many ways with many seeds, and compares them.
struct StudyCommand: ParsableCommand, HasModelPaths {
  static let configuration = CommandConfiguration(
    commandName: "study",
    abstract: "Distils variants of one recipe with several seeds and compares them: table, tests, curves, pictures.",
    discussion: """
      The same command continues a study that was stopped, and does only what is missing. Several processes, on all machines \
      that see the folder, share the runs when each is given the same command. See Documentation/studies.md.
      """)

  @Argument(help: "A YAML or JSON file: a base recipe, arms or axes, seeds, and what to report.") var study: String
  @Option(help: "The teacher: a folder with config.json, model.safetensors, tokenizer.json, or a GGUF file.")
  var teacher: String?
  @Option(help: "Text to train on.") var data: [String] = []
  @Option(help: "Held-out text.") var validation: [String] = []
  @Option(help: "Tokens to learn from in every run, such as 300k; the stages share them as the recipe divides its own.")
  var tokens: String?
  @Option(name: .customLong("set"), help: "Sets one value of every run, such as threads=1. May be repeated.")
  var assignments: [String] = []
  @Flag(help: "Waits for runs that other processes do, and takes over those that they leave behind.") var wait = false
  @Flag(help: "Runs nothing: writes table and page of what is there.") var report = false
  @Option(name: .shortAndLong, help: "The study's folder.") var output: String
  var optionalModelPaths: [WritableKeyPath<Self, String?>] { [\.teacher] }

  func run() throws {
    var all = assignments
    if let teacher { all.append("teacher=\(try RecipeOptions.quoted(teacher))") }
    if !data.isEmpty { all.append("data.train=[\(try data.map(RecipeOptions.quoted).joined(separator: ", "))]") }
    if !validation.isEmpty {
      all.append("data.validation=[\(try validation.map(RecipeOptions.quoted).joined(separator: ", "))]")
    }
    let study = try Study.load(study, set: all, tokens: try tokens.map(RecipeOptions.count))
    let session = Session(study.arms[0].recipe)
    let runner = StudyRunner(study, folder: output, session.settings)
    runner.waits = wait
    runner.onRun = { Terminal.complain($0.text) }
    if report {
      guard FileManager.default.fileExists(atPath: output) else {
        throw MohawkError(.missingFile, "there is no such study", at: output, remedy: "run it without --report first")
      }
      show(try runner.writeReport())
      return
    }
    let (found, busy) = try runner.run()
    show(found)
    for run in busy { Terminal.complain("in other hands: \(run)") }
    let failed = found.outcomes.count { $0.state == .failed }
    if failed > 0 {
      throw MohawkError(
        .invalidValue, "\(failed) of \(found.outcomes.count) runs failed", at: output,
        remedy: "the same command tries them again")
    }
  }

  private func show(_ report: StudyReport) {
    Terminal.say(report.table.text)
    if let comparisons = report.comparisonTable {
      Terminal.say(comparisons.text)
      Terminal.say(StudyReport.comparisonNote + "\n")
    }
    for note in report.notes { Terminal.complain(note) }
    Terminal.say(
      "The page is \(output)/\(StudyReport.FileName.page), the numbers are in \(StudyReport.FileName.results) beside it"
    )
  }
}
