import ArgumentParser
import Foundation
import MohawkDistillation
import MohawkFiles
import MohawkModels
import MohawkReports
import MohawkRuns
import MohawkTensor
import MohawkText

/// Compares a student with its teacher on a text.
struct Evaluate: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Compares a student with its teacher on the same text; with one model, tells its perplexity.")

  @Argument(help: "The student's folder, or the only model's.") var model: String
  @Option(help: "The teacher's folder.") var teacher: String?
  @Option(help: "Text to judge by; the built-in stories when not given.") var data: [String] = []
  @Option(help: "Tokens to judge by.") var tokens = 65_536
  @Option(help: "Tokens per sequence.") var length = 512
  @Option(help: "fp32 or bf16.") var precision = "fp32"
  @Option(help: "Threads; all cores when not given.") var threads: Int?
  @Option(help: "Also writes the numbers as JSON here.") var json: String?

  func run() throws {
    guard length > 0, tokens > 0 else {
      throw MohawkError(.invalidValue, "--length is \(length) and --tokens \(tokens), both must be above 0")
    }
    try Threads.use(threads)
    let compute = try Precisions.dtype(precision)
    let student = try Decoder.open(model, computing: compute)
    try requireLength(within: student, model)
    let tokenizer = try Tokenizer(folder: model)
    let text = try HeldOutText(data, tokenizer, length: length, tokens: tokens, vocabulary: student.vocabulary)
    let summary: EvaluationSummary
    if let teacher {
      let opened = try Decoder.open(teacher, computing: compute)
      try requireLength(within: opened, teacher)
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

  private func requireLength(within model: Decoder, _ folder: String) throws {
    guard length <= model.maxLength ?? length else {
      throw MohawkError(
        .outOfRange, "--length is \(length), this model looks at \(model.maxLength ?? 0) tokens at most", at: folder,
        remedy: "give a smaller --length")
    }
  }
}
