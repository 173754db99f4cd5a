import ArgumentParser
import MohawkCommands
import MohawkFiles
import MohawkRuns

/// Joins runs of some layers each.
struct Merge: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Joins runs that have trained some layers each (distill --layers) into one.",
    discussion: """
      Give mohawk distill the command of the parts without --layers, and with the joined run as its output: it goes on \
      with the stages that train the whole student.
      """)

  @Argument(help: "The folders of all parts.") var runs: [String]
  @Option(name: .shortAndLong, help: "The folder of the joined run; it must not be there, or be empty.")
  var output: String

  func run() throws {
    let merge = try RunMerge(runs)
    try merge.write(to: output)
    Terminal.say("\(output) holds all layers: continue with mohawk distill --output \(output)")
  }
}
