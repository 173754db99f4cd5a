import ArgumentParser
import MohawkCommands

/// The command `mohawk-run`: what `mohawk` does with a finished model, in a program that needs no libtorch.
@main
struct MohawkRun: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "mohawk-run",
    abstract: "Generates text, chats and serves with models of mohawk, by the native decoder alone.",
    discussion: """
      The commands are those of mohawk. Models that the native decoder does not know, and weights in other types than
      the folder's, need libtorch, which is part of the package mohawk.
      """,
    version: CommandEntry.version,
    subcommands: [Generate.self, Chat.self, Serve.self])

  static func main() { CommandEntry.run(Self.self) }
}
