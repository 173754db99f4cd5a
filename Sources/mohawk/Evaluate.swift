import ArgumentParser
import Foundation
import MohawkCommands
import MohawkDistillation
import MohawkEvaluation
import MohawkFiles
import MohawkModels
import MohawkReports
import MohawkRuns
import MohawkTensor
import MohawkText

/// Compares a student with its teacher on a text.
struct Evaluate: ParsableCommand, ReadsCheckpoints {
  static let configuration = CommandConfiguration(
    abstract: "Compares a student with its teacher on the same text, or in tasks; with one model, tells its numbers.",
    discussion: """
      Without --tasks: perplexity, agreement and the distances of layers on held-out text. With --tasks: what the student
      keeps of its teacher in tasks that read a file (\(EvaluationTask.fileNames.joined(separator: ", "))) or are made up
      (\(EvaluationTask.recallNames.joined(separator: ", ")), generation; recall stands for the short ones of them). With --attention:
      what a Transformer's attention does on a text, layer by layer.
      """)

  @Argument(help: "The student's folder, or the only model's.") var model: String
  @Option(help: "The teacher's folder.") var teacher: String?
  @Option(help: "Text to judge by; the built-in stories when not given.") var data: [String] = []
  @Option(help: "The member of JSON objects that holds a text to judge by.") var textKey = "text"
  @Option(help: "Tokens of the text to judge by. (default: 65536; with --attention four sequences)") var tokens: Int?
  @Option(help: "Tokens per sequence of the text. (default: 512)") var length: Int?
  @OptionGroup var weights: WeightFlags
  @Option(help: "Threads; all cores when not given.") var threads: Int?
  @OptionGroup var place: DeviceFlags
  @Option(help: "Also writes the numbers on held-out text as JSON here.") var json: String?
  @Flag(help: "Tells where the model's attention looks on the text, and what lies there.") var attention = false
  @Option(help: "Tasks, such as hellaswag=validation.jsonl,recall,needle=1024+32768.") var tasks: String?
  @Option(help: "Documents of each task at most.") var limit: Int?
  @Option(help: "Examples before each multiple-choice question.") var numFewshot = 0
  @Option(help: "Files that examples are drawn from, such as hellaswag=train.jsonl.") var examples = ""
  @Option(help: "Tokens that such tasks show a model at once; what its folder names when not given.") var window: Int?
  @Flag(help: "Puts tasks to the student with its window of attention off: to its recurrent part alone.")
  var windowOff = false
  @Option(help: "Seed of made-up tasks. (default: 1)") var seed: UInt64?
  @Option(name: .shortAndLong, help: "Folder for tasks.json and results; a run's folder shows them in its report.")
  var output: String?
  @Flag(help: "Also writes every document with its likelihoods.") var logSamples = false
  @OptionGroup var reading: CheckpointFlags
  var modelPaths: [WritableKeyPath<Self, String>] { [\.model] }
  var optionalModelPaths: [WritableKeyPath<Self, String?>] { [\.teacher] }

  func run() throws {
    try Threads.use(threads)
    if attention, tasks != nil || teacher != nil {
      throw MohawkError(
        .invalidValue, "--attention looks at one model and puts no tasks to it",
        remedy: "leave out \(tasks != nil ? "--tasks" : "--teacher")")
    }
    if let tasks { return try run(tasks.split(separator: ",").map(String.init)) }
    try refuseTaskOptions()
    let length = length ?? 512
    let tokens = tokens ?? (attention ? 4 * max(0, length) : 65_536)
    guard length > 0, tokens > 0 else {
      throw MohawkError(.invalidValue, "--length is \(length) and --tokens \(tokens), both must be above 0")
    }
    let device = try place.opened()
    let student = try weights.model(model, on: device)
    try require(length, within: student, model)
    let tokenizer = try Tokenizer(folder: model)
    let options = CorpusOptions(textKey: textKey, chatFolder: model)
    if attention {
      return try EvaluateAttention(
        model: student, tokenizer: tokenizer, data: data, options: options, length: length, tokens: tokens,
        device: device, json: json
      ).run()
    }
    let text = try HeldOutText(
      data, tokenizer, options: options, length: length, tokens: tokens,
      vocabulary: student.vocabulary, device: device)
    text.notices.forEach(Terminal.complain)
    let summary: EvaluationSummary
    if let teacher {
      let opened = try weights.model(teacher, on: device)
      try require(length, within: opened, teacher)
      let theirs = try Tokenizer(folder: teacher)
      guard theirs.fingerprint == tokenizer.fingerprint else {
        throw MohawkError(
          .mismatch, "teacher and student have different tokenizers", at: teacher,
          remedy: "compare a student with the teacher that it was distilled from")
      }
      let pair = try DistillationPair(teacher: opened, student: student)
      student.freeze()
      summary = Findings(pair, tokenizer).summary(text.windows, bytes: text.bytes)
      Terminal.say(EvaluationTable.text(summary))
    } else {
      student.freeze()
      summary = Findings.alone(student, text.windows, bytes: text.bytes)
      Terminal.say(EvaluationTable.single(summary))
    }
    if let json {
      let url = URL(fileURLWithPath: json)
      try RunReport.save(summary, as: url.lastPathComponent, in: url.deletingLastPathComponent().path)
    }
  }

  private func run(_ names: [String]) throws {
    guard data.isEmpty, json == nil, tokens == nil, length == nil else {
      throw MohawkError(
        .invalidValue, "--data, --tokens, --length and --json belong to held-out text, not to --tasks",
        remedy: "write perplexity=PATH among the tasks, --limit N, and --output FOLDER")
    }
    guard examples.isEmpty || numFewshot > 0 else {
      throw MohawkError(
        .invalidValue, "--examples names files from which nothing is drawn", remedy: "give --num-fewshot")
    }
    var options = TaskOptions()
    options.limit = limit
    options.shots = numFewshot
    options.seed = seed ?? options.seed
    for entry in examples.split(separator: ",") {
      let parts = entry.split(separator: "=", maxSplits: 1).map(String.init)
      guard parts.count == 2 else {
        throw MohawkError(.invalidValue, "--examples has '\(entry)'", remedy: "write TASK=PATH")
      }
      options.examples[parts[0]] = parts[1]
    }
    try EvaluateTasks(
      tasks: EvaluationTask.all(names, options), options: options, student: model, teacher: teacher,
      weights: weights.precision(), device: place.opened(), window: window, windowOff: windowOff, output: output,
      keepsSamples: logSamples
    ).run()
  }

  /// Options that would have no effect.
  private func refuseTaskOptions() throws {
    let given: [(String, Bool)] = [
      ("--limit", limit != nil), ("--num-fewshot", numFewshot != 0), ("--examples", !examples.isEmpty),
      ("--window", window != nil), ("--window-off", windowOff), ("--seed", seed != nil), ("--output", output != nil),
      ("--log-samples", logSamples),
    ]
    if let first = given.first(where: \.1) {
      throw MohawkError(.invalidValue, "\(first.0) is for tasks, and none is named", remedy: "give --tasks too")
    }
  }

  private func require(_ length: Int, within model: Decoder, _ folder: String) throws {
    guard length <= model.maxLength ?? length else {
      throw MohawkError(
        .outOfRange, "--length is \(length), this model looks at \(model.maxLength ?? 0) tokens at most", at: folder,
        remedy: "give a smaller --length")
    }
  }
}
