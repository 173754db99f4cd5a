import ArgumentParser
import Foundation
import MohawkCommands
import MohawkFiles
import MohawkReports
import MohawkRuns
import MohawkServing
import MohawkTraining

/// Lets a model write text to train on.
struct Synthesize: ParsableCommand, ReadsCheckpoints {
  static let configuration = CommandConfiguration(
    abstract: "Lets a model write text for students to learn from, many documents at a time.",
    discussion: """
      Writes part-00000.jsonl and so on, which mohawk distill --data FOLDER reads. The same command continues what was \
      stopped, with the documents that an uninterrupted one would have written.
      """)

  @Argument(help: "A model's folder: config.json, weights, tokenizer.json.") var model: String
  @Option(name: .shortAndLong, help: "The folder to write.") var output: String
  @Option(help: "Tokens to write, such as 200k or 2M.") var tokens: String
  @Option(help: "Tokens of a document at most.") var length = 512
  @Option(help: "Documents that are written at a time.") var batch = 64
  @Option(help: "A file whose lines are continued, in turn; .jsonl has them under \"prompt\" or \"text\".")
  var prompts: String?
  @Option(help: "A file whose lines are questions for a model with a chat template.") var questions: String?
  @Option(help: "0 takes the most likely token.") var temperature = 1.0
  @Option(help: "Keeps the k most likely tokens; 0 keeps all.") var topK = 0
  @Option(help: "Keeps the most likely tokens that add up to p.") var topP = 0.95
  @Option(help: "Keeps tokens at least this fraction as likely as the likeliest.") var minP = 0.0
  @Option(help: "Makes tokens seen so far less likely.") var repetitionPenalty = 1.0
  @Option(help: "Seed of all draws.") var seed: UInt64 = 0
  @OptionGroup var weights: WeightFlags
  @OptionGroup var place: DeviceFlags
  @Option(help: "Threads; all cores when not given.") var threads: Int?
  @OptionGroup var reading: CheckpointFlags
  var modelPaths: [WritableKeyPath<Self, String>] { [\.model] }

  func run() throws {
    var sampling = SamplingOptions()
    (sampling.temperature, sampling.topK, sampling.topP) = (temperature, topK, topP)
    (sampling.minP, sampling.repetitionPenalty, sampling.seed) = (minP, repetitionPenalty, seed)
    try Threads.use(threads)
    StopSignal.install()
    var settings = RunSettings()
    settings.shouldStop = { StopSignal.isRequested }
    settings.notice = { Terminal.complain($0) }
    let run = SynthesisRun(
      model: model, folder: output, tokens: try RecipeOptions.count(tokens), length: length, batch: batch,
      sampling: sampling,
      weights: try weights.precision(), device: try place.opened(), beginning: try beginning(), settings)
    let line = StatusLine(every: .seconds(10))
    run.progress = { line.show($0.text, isDone: $0.tokens >= $0.total) }
    defer { line.clear() }
    let manifest = try run.run()
    line.clear()
    if let repetition = manifest.repetition { Terminal.say(repetition.table) }
    Terminal.say(
      "\(output): \(Number.whole(manifest.documents)) documents, \(Number.whole(manifest.tokens)) tokens; train with --data \(output)"
    )
  }

  private func beginning() throws -> SynthesisRun.Beginning {
    switch (prompts, questions) {
    case (nil, nil): .nothing
    case (let file?, nil): .prompts(file)
    case (nil, let file?): .questions(file)
    default:
      throw MohawkError(.invalidValue, "--prompts and --questions are both given", remedy: "give one of them")
    }
  }

}

extension SynthesisRun.Progress {
  fileprivate var text: String {
    let speed = seconds > 0 ? Double(drawn) / seconds : 0
    let rest = speed > 0 ? Double(max(0, total - tokens)) / speed : .infinity
    return
      "\(Number.whole(documents)) documents  \(Number.whole(tokens))/\(Number.whole(total)) tokens  "
      + "\(Number.whole(Int(speed))) tokens/s  \(Int(ProcessMemory.current().resident.isNaN ? 0 : ProcessMemory.current().resident)) MiB  "
      + "ETA \(Number.duration(rest))"
  }
}

extension TextRepetition {
  fileprivate var table: String {
    var table = Table([.init("synthesized text"), .init("", .right)])
    func percent(_ value: Double) -> String { String(format: "%.1f %%", 100 * value) }
    table.add(["repeated four-word sequences in a document, mean", percent(repeatedMean)])
    table.add(["the same, 90 % of documents have less", percent(repeatedP90)])
    table.add(["different four-word sequences of all", percent(distinct)])
    table.add(["tokens of a document, mean", String(format: "%.1f", lengthMean)])
    table.add(["the same, 10 %, 50 % and 90 % of documents", "\(lengthP10), \(lengthP50), \(lengthP90)"])
    table.add(["ended by themselves", Number.whole(ended)])
    table.add(["cut at the limit", Number.whole(cut)])
    return table.text
  }
}
