import ArgumentParser
import Foundation
import MohawkFiles

/// Measures this package: against itself with other settings, and against named peers.
@main
struct MohawkBench: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "mohawk-bench", abstract: "Measures training, text and decoding.",
    discussion: """
      What is compared runs in processes of its own that take turns, one step each, so that whatever else happens on the \
      machine meets all of them alike. With one thread, ratios are of CPU time; with more, of wall time.
      """,
    subcommands: [
      Settings.self, Stages.self, SSDAlone.self, TextBench.self, Decode.self, DecodeContexts.self, Worker.self,
      DecodingWorker.self, FirstToken.self, FirstTokenWorker.self, StudentLengths.self,
    ])

  /// Runs a command; whatever goes wrong outside becomes one sentence on standard error and exit code 1.
  static func main() {
    signal(SIGPIPE, SIG_IGN)  // a partner that died is an error of ours, not our death
    do {
      var command = try parseAsRoot()
      try command.run()
    } catch let error as MohawkError {
      FileHandle.standardError.write(Data("mohawk-bench: \(error)\n".utf8))
      Foundation.exit(1)
    } catch {
      exit(withError: error)
    }
  }

  static func say(_ text: String) { FileHandle.standardOutput.write(Data((text + "\n").utf8)) }
  static func notice(_ text: String) { FileHandle.standardError.write(Data((text + "\n").utf8)) }
}
