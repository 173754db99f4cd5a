import ArgumentParser
import Foundation
import MohawkCommands
import MohawkFiles
import MohawkRecipes
import MohawkReports
import MohawkRuns

/// The whole method in some minutes: a teacher from scratch, its student, and both side by side.
struct Demo: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Pretrains a small teacher on built-in stories, distils it, and shows both side by side.",
    discussion: "The teacher is kept and reused. The same command continues a demo that was stopped.")

  @OptionGroup var options: RecipeOptions
  @Option(name: .shortAndLong, help: "The folder for teacher and student.") var output = "output/demo"

  func run() throws {
    let start = ContinuousClock.now
    let recipe = try options.resolved()
    let session = Session(recipe)
    let teacher = PretrainingRun(recipe, folder: output + "/teacher", session.settings)
    Terminal.say("1. A Transformer learns the stories")
    try teacher.run()

    Terminal.say("2. A state-space model learns from the Transformer")
    var lesson = recipe
    lesson.teacher = teacher.folder.model
    let student = DistillationRun(lesson, folder: output + "/student", session.settings)
    student.decodeContexts = [128, 8192]
    session.showStart(of: student)
    let summary = try student.run()

    let report = try RunReport(folder: student.folder.path)
    let teaching = try RunReport(folder: teacher.folder.path)
    Terminal.say("3. Side by side\n")
    Terminal.say(StageTable.text(teaching.stages + report.stages))
    Terminal.say(EvaluationTable.text(summary))
    Terminal.say(DecodeTable.text(report.decode))
    for sample in report.samples { Terminal.say(SampleText.text(sample)) }
    let seconds = (ContinuousClock.now - start).components.seconds
    Terminal.say("Done in \(seconds / 60) min \(seconds % 60) s. Open \(student.folder.report)")
  }
}
