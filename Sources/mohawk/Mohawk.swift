import ArgumentParser
import Foundation
import MohawkFiles
import MohawkModels
import MohawkTensor
import MohawkText

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
    version: "0.1.0-dev",
    subcommands: [
      Demo.self, Pretrain.self, Synthesize.self, Signals.self, Plan.self, Distill.self, Merge.self, StudyCommand.self,
      Evaluate.self, Generate.self, Chat.self, Serve.self, Show.self, Approximate.self,
      Convert.self, Quantize.self, Inspect.self, TokenizerCommand.self, Tokens.self, Recipes.self, Doctor.self,
    ])

  /// Runs a command; whatever goes wrong outside becomes one sentence on standard error and exit code 1.
  static func main() {
    Runtime.keepFreedMemory()
    signal(SIGXFSZ, SIG_IGN)  // a file that grows too large is an error of its write, not the end of the process
    do {
      var command = try parseAsRoot()
      if let reader = command as? any HasModelPaths & ParsableCommand { command = try reader.withResolvedPaths() }
      let allowsUnused = (command as? any ReadsCheckpoints)?.reading.allowUnused ?? false
      let python = ProcessInfo.processInfo.environment["MOHAWK_PYTHON"].flatMap { $0.isEmpty ? nil : $0 } ?? "python3"
      let notices = NoticeLines()
      try Notice.handling(by: notices.show) {
        try UnusedTensors.$areAllowed.withValue(allowsUnused) {
          try ParquetRows.$python.withValue(python) { try command.run() }
        }
      }
    } catch let error as MohawkError {
      Terminal.complain("mohawk: \(error)")
      Foundation.exit(error.code == .interrupted ? 130 : 1)
    } catch {
      exit(withError: error)
    }
  }
}
