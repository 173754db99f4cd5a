import ArgumentParser
import MohawkCommands
import MohawkFiles
import MohawkRecipes
import MohawkRuns

/// Trains a teacher from scratch.
struct Pretrain: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Trains a Transformer from scratch, to have a teacher.",
    discussion: "Without --data it learns the built-in stories. The same command continues a run that was stopped.")

  @OptionGroup var options: RecipeOptions
  @OptionGroup var ranks: RankOptions
  @Option(
    help: ArgumentHelp(
      "Begins this stage again from the end of the one before, where its keys have changed.", valueName: "stage"))
  var from: String?
  @Option(name: .shortAndLong, help: "The run's folder.") var output: String

  func run() throws {
    let recipe = try options.resolved()
    try ranks.together { ranks in
      var session = Session(recipe, ranks)
      session.settings.from = try RecipeOptions.stage(from)
      let run = PretrainingRun(recipe, folder: output, session.settings)
      try run.run()
      if ranks?.isFirst ?? true { Terminal.say("The teacher is in \(run.folder.model)") }
    }
  }
}
