import ArgumentParser
import Foundation
import MohawkCommands
import MohawkDistillation
import MohawkRecipes
import MohawkReports
import MohawkRuns

/// Writes down what a teacher says, for students to learn from without running it.
struct Signals: ParsableCommand, ReadsCheckpoints {
  static let configuration = CommandConfiguration(
    abstract: "Writes a teacher's probabilities and layer inputs once, for students to learn from.",
    discussion: """
      The teacher reads the sequences on which a distillation with the same recipe trains; mohawk distill --signals FOLDER \
      then trains without running it. The same command continues what was stopped, and a recipe with more tokens adds them.
      """)

  @OptionGroup var options: RecipeOptions
  @Option(help: "The teacher: a folder with config.json, model.safetensors, tokenizer.json, or a GGUF file.")
  var teacher: String?
  @Option(help: "The stages of the distillation in their order, such as 1,2,3 or 3.") var stages: String?
  @Option(help: "Probabilities kept of every position, for stage 3.") var top = 64
  @Flag(help: "Also keep what enters the layers that are compared, for stages 1 and 2: much larger.")
  var layerInputs = false
  @Option(name: .shortAndLong, help: "The folder to write.") var output: String
  @OptionGroup var reading: CheckpointFlags
  var optionalModelPaths: [WritableKeyPath<Self, String?>] { [\.teacher] }

  func run() throws {
    let recipe = try options.resolved(stages.map { ["stages=[\($0)]"] } ?? [], teacher: teacher)
    let session = Session(recipe)
    let run = SignalRun(recipe, folder: output, top: top, keepsInputs: layerInputs, session.settings)
    let line = StatusLine(every: .seconds(10))
    run.progress = { line.show($0.text, isDone: $0.tokens == $0.total) }
    defer { line.clear() }
    let manifest = try run.run()
    line.clear()
    let sequences = manifest.shards.reduce(0) { $0 + $1.sequences }
    let bytes = manifest.shards.reduce(0) { $0 + $1.digest.bytes }
    if let rest = manifest.meanRest, let top = manifest.top {
      Terminal.say("outside of the top \(top) lies \(Number.short(100 * rest)) % of the probability, on average")
    }
    Terminal.say("\(output): \(sequences) sequences in \(manifest.shards.count) shards, \(Number.whole(bytes)) bytes")
  }
}

extension SignalRun.Progress {
  fileprivate var text: String {
    let speed = seconds > 0 ? Double(tokens) / seconds : 0
    let rest = speed > 0 ? Double(total - tokens) / speed : .infinity
    return
      "\(Number.whole(tokens))/\(Number.whole(total)) tokens  \(Number.whole(Int(speed))) tokens/s  "
      + "\(Number.bytes(bytes))  ETA \(Number.duration(rest))"
  }
}
