import ArgumentParser
import Foundation
import MohawkFiles
import MohawkModels
import MohawkServing
import MohawkTensor
import MohawkText

/// Continues a text.
struct Generate: ParsableCommand {
  static let configuration = CommandConfiguration(abstract: "Continues a text with a model, token by token.")

  @Argument(help: "A model's folder: config.json, model.safetensors, tokenizer.json.") var model: String
  @Option(name: .shortAndLong, help: "The text to continue.") var prompt = ""
  @Option(name: .customLong("tokens"), help: "New tokens at most.") var limit = 200
  @Option(help: "0 takes the most likely token.") var temperature = 0.8
  @Option(help: "Keeps the k most likely tokens; 0 keeps all.") var topK = 0
  @Option(help: "Keeps the most likely tokens that add up to p.") var topP = 1.0
  @Option(help: "Keeps tokens at least this fraction as likely as the likeliest.") var minP = 0.0
  @Option(help: "Makes tokens seen so far less likely.") var repetitionPenalty = 1.0
  @Option(help: "Seed of the draw.") var seed: UInt64 = 0
  @Option(help: "A text that ends the continuation. May be repeated.") var stop: [String] = []
  @Option(help: "fp32 or bf16.") var precision = "fp32"
  @Option(help: "Threads; all cores when not given.") var threads: Int?

  func run() throws {
    guard limit >= 0 else { throw MohawkError(.invalidValue, "--tokens is \(limit), it must be 0 or more") }
    try Threads.use(threads)
    var options = SamplingOptions()
    options.temperature = temperature
    options.topK = topK
    options.topP = topP
    options.minP = minP
    options.repetitionPenalty = repetitionPenalty
    options.seed = seed
    try options.validate()
    let opened = try Decoder.open(model, computing: Precisions.dtype(precision))
    let generator = try TextGenerator(opened, Tokenizer(folder: model))
    Terminal.stream(prompt)
    let clock = ContinuousClock()
    var count = 0
    let time = try clock.measure {
      count = try generator.generate(prompt, limit: limit, options: options, stops: stop) {
        Terminal.stream($0)
        return true
      }.tokens.count
    }
    Terminal.say("")
    let seconds = Double(time.components.seconds) + Double(time.components.attoseconds) * 1e-18
    Terminal.complain(String(format: "%d tokens, %.1f tokens/s", count, Double(count) / seconds))
  }
}

/// The option `--threads`.
enum Threads {
  /// - Throws: `MohawkError` for less than one; nil leaves libtorch's choice.
  static func use(_ count: Int?) throws {
    guard let count else { return }
    guard (1...4096).contains(count) else {
      throw MohawkError(.invalidValue, "--threads is \(count), it must be from 1 to 4096")
    }
    Runtime.threads = count
  }
}

/// The names of precisions on the command line.
enum Precisions {
  static func dtype(_ name: String) throws -> DType {
    switch name {
    case "fp32": return .float32
    case "bf16": return .bfloat16
    default: throw MohawkError(.invalidValue, "unknown precision '\(name)'", remedy: "use fp32 or bf16")
    }
  }
}
