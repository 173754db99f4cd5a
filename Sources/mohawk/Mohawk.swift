import ArgumentParser
import MohawkCommands

/// The command `mohawk`.
@main
struct Mohawk: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "mohawk",
    abstract: "Turns a Transformer into a state-space model that answers as well at constant cost per token.",
    discussion: """
      A run is a recipe: a named one or a YAML file, with single values set by --set key=value.
      Every run folder explains itself and continues where it stopped when the same command is given again.
      """,
    version: CommandEntry.version,
    subcommands: [
      Demo.self, Pretrain.self, Synthesize.self, Signals.self, Plan.self, Distill.self, Merge.self, StudyCommand.self,
      Evaluate.self, Generate.self, Chat.self, Serve.self, Show.self, Approximate.self,
      Convert.self, Quantize.self, Inspect.self, TokenizerCommand.self, Tokens.self, Recipes.self, Doctor.self,
    ])

  static func main() { CommandEntry.run(Self.self) }
}
