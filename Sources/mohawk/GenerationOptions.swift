import ArgumentParser
import MohawkDecoding
import MohawkFiles
import MohawkModels
import MohawkServing
import MohawkText

/// How tokens are chosen.
struct SamplingFlags: ParsableArguments {
  @Option(help: "0 takes the most likely token.") var temperature = 0.8
  @Option(help: "Keeps the k most likely tokens; 0 keeps all.") var topK = 0
  @Option(help: "Keeps the most likely tokens that add up to p.") var topP = 1.0
  @Option(help: "Keeps tokens at least this fraction as likely as the likeliest.") var minP = 0.0
  @Option(help: "Makes tokens seen so far less likely.") var repetitionPenalty = 1.0
  @Option(help: "Seed of the draw.") var seed: UInt64 = 0
  @Option(help: "A text that ends the answer. May be repeated.") var stop: [String] = []

  /// - Throws: `MohawkError` naming the first option out of its range.
  func options() throws -> SamplingOptions {
    var options = SamplingOptions()
    options.temperature = temperature
    options.topK = topK
    options.topP = topP
    options.minP = minP
    options.repetitionPenalty = repetitionPenalty
    options.seed = seed
    try options.validate()
    return options
  }
}

/// How a model computes.
struct EngineFlags: ParsableArguments {
  @Option(help: "fp32 or bf16.") var precision = "fp32"
  @Option(help: "Threads; all cores when not given.") var threads: Int?
  @Option(
    help: ArgumentHelp(
      "A cheaper model that proposes tokens: the folder of one with the same tokenizer, or layers:N for the first N layers of the model itself.",
      valueName: "folder|layers:N"))
  var draft: String?
  @Option(help: "Tokens that the draft proposes at a time, at most.") var draftTokens = 4

  /// Opens a folder.
  func generator(_ folder: String, cache: PrefixCache? = nil) throws -> TextGenerator {
    try Threads.use(threads)
    guard (1...64).contains(draftTokens) else {
      throw MohawkError(.invalidValue, "--draft-tokens is \(draftTokens), it must be from 1 to 64")
    }
    let opened = try Decoder.open(folder, computing: Precisions.dtype(precision))
    let tokenizer = try Tokenizer(folder: folder)
    let speculation = try draft.map {
      SpeculativeDraft(DecodingEngine(try proposer($0, opened, tokenizer)), longest: draftTokens)
    }
    return try TextGenerator(
      DecodingEngine(opened), tokenizer, ends: TextGenerator.ends(inFolder: folder), draft: speculation, cache: cache)
  }

  private func proposer(_ draft: String, _ model: Decoder, _ tokenizer: Tokenizer) throws -> Decoder {
    let prefix = "layers:"
    guard draft.hasPrefix(prefix) else {
      guard try Tokenizer(folder: draft).fingerprint == tokenizer.fingerprint else {
        throw MohawkError(
          .mismatch, "the draft's tokenizer is not the model's", at: draft, remedy: "use a draft with the same one")
      }
      return try Decoder.open(draft, computing: Precisions.dtype(precision))
    }
    let layers = model.configuration.mixers.count
    guard let count = Int(draft.dropFirst(prefix.count)), (1..<max(layers, 2)).contains(count) else {
      throw MohawkError(
        .invalidValue, "--draft is \(draft), and the model has \(layers) layers", remedy: "use fewer, at least one")
    }
    return model.firstLayers(count)
  }
}
