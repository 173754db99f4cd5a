import ArgumentParser
import Foundation
import MohawkFiles
import MohawkModels
import MohawkTensor
import MohawkText

/// How every program here runs the command that its arguments name.
package enum CommandEntry {
  /// The version of all programs.
  package static let version = "0.1.0-dev"

  /// Runs a command; whatever goes wrong outside becomes one sentence on standard error and exit code 1.
  package static func run<Root: ParsableCommand>(_ root: Root.Type) {
    Runtime.keepFreedMemory()
    signal(SIGXFSZ, SIG_IGN)  // a file that grows too large is an error of its write, not the end of the process
    do {
      var command = try Root.parseAsRoot(CommandArguments.joined(CommandLine.arguments.dropFirst()))
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
      Root.exit(withError: error)
    }
  }
}
