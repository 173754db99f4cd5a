import ArgumentParser
import Foundation
import MohawkCommands
import MohawkDecoding
import MohawkEvaluation
import MohawkExport
import MohawkFiles
import MohawkModels
import MohawkRuns
import MohawkTensor
import MohawkText

/// Writes a model with its matrices rounded to 8 or 4 bits.
struct Quantize: ParsableCommand, ReadsCheckpoints {
  static let configuration = CommandConfiguration(
    abstract: "Writes a model with its matrices rounded to 8 or 4 bits, for decoding.",
    discussion: """
      Convolutions, norms and what gives decays stay fp32. With --calibration, errors count by how much that text feels
      them; with --data, perplexity and divergence of the rounded model, as it decodes, are told on a text that should be another one.
      """)

  @Argument(help: "A model's folder, in any known format.") var input: String
  @Argument(help: "The folder to write; a model that is there is replaced.") var output: String
  @Option(help: "int8 or int4.") var weights = "int8"
  @Option(help: "Text files or folders that tell which weights matter.") var calibration: [String] = []
  @Option(help: "Text files or folders to judge the result by.") var data: [String] = []
  @Option(help: "Tokens to judge by; a quarter as many calibrate.") var tokens = 65_536
  @Option(help: "Tokens per sequence.") var length = 256
  @Option(help: "Threads; all cores when not given.") var threads: Int?
  @OptionGroup var reading: CheckpointFlags
  var modelPaths: [WritableKeyPath<Self, String>] { [\.input] }

  func run() throws {
    guard let precision = WeightPrecision(rawValue: weights), precision.isQuantized else {
      throw MohawkError(.invalidValue, "--weights is '\(weights)'", remedy: "use int8 or int4")
    }
    guard length > 0, tokens > 0 else {
      throw MohawkError(.invalidValue, "--length is \(length) and --tokens \(tokens), both must be above 0")
    }
    guard calibration.isEmpty || tokens / 4 >= length else {
      throw MohawkError(
        .invalidValue,
        "--tokens is \(tokens), a quarter of which is less than one sequence of \(length) to calibrate by",
        remedy: "give more --tokens, or a smaller --length")
    }
    try ModelFolder.requireReplaceable(output, apartFrom: input)
    try Threads.use(threads)
    let model = try Decoder.open(input, dtype: calibration.isEmpty && data.isEmpty ? nil : .float32)
    try QuantizedDecoder.requireNative(model.configuration, at: input)
    model.freeze()
    try model.requireFiniteWeights(at: input)
    let counted = calibration.isEmpty ? nil : try windows(calibration, of: model, tokens: tokens / 4)
    let judged = data.isEmpty ? nil : try windows(data, of: model, tokens: tokens)
    let importance = counted.map { Calibration.importance(model, $0) } ?? [:]
    let quantized = QuantizedDecoder(model, precision, importance: importance)
    try AtomicFolder.create(output) { partial in
      try FileManager.default.createDirectory(atPath: partial, withIntermediateDirectories: true)
      try quantized.write(to: partial)
      try TokenizerFiles.copy(from: input, to: partial)
      try GenerationConfig.write(model.configuration.tokens, from: input, to: partial)
      _ = try QuantizedDecoder.open(partial)
    }
    Terminal.say(QuantizationTable.text(quantized, judged: judged))
  }

  private func windows(_ paths: [String], of model: Decoder, tokens: Int) throws -> [Tensor] {
    guard length <= model.maxLength ?? length else {
      throw MohawkError(
        .outOfRange, "--length is \(length), this model looks at \(model.maxLength ?? 0) tokens at most", at: input,
        remedy: "give a smaller --length")
    }
    let tokenizer = try Tokenizer(folder: input)
    return try HeldOutText(paths, tokenizer, length: length, tokens: tokens, vocabulary: model.vocabulary).windows
  }
}
