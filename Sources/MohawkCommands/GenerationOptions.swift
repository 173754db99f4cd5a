import ArgumentParser
import MohawkDecoding
import MohawkFiles
import MohawkModels
import MohawkServing
import MohawkTensor
import MohawkText

/// How tokens are chosen.
struct SamplingFlags: ParsableArguments {
  @Option(help: "0 takes the most likely token.") var temperature = 0.8
  @Option(help: "Keeps the k most likely tokens; 0 keeps all.") var topK = 0
  @Option(help: "Keeps the most likely tokens that add up to p.") var topP = 1.0
  @Option(help: "Keeps tokens at least this fraction as likely as the likeliest.") var minP = 0.0
  @Option(help: "Makes tokens seen so far less likely.") var repetitionPenalty = 1.0
  @Option(help: "Seed of the draw.") var seed: UInt64 = 0
  @Option(parsing: .unconditionalSingleValue, help: "A text that ends the answer. May be repeated.")
  var stop: [String] = []

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

/// How a model keeps its matrices.
package struct WeightFlags: ParsableArguments {
  @Option(help: "Precision of the matrices: f32, bf16, int8 or int4; the model's own when not given.")
  package var weights: String?

  package init() {}

  /// - Throws: `MohawkError` for another word.
  package func precision() throws -> WeightPrecision? {
    guard let weights else { return nil }
    guard let precision = WeightPrecision(rawValue: weights) else {
      throw MohawkError(
        .invalidValue, "--weights is '\(weights)'",
        remedy: "use \(WeightPrecision.allCases.map(\.rawValue).joined(separator: ", "))")
    }
    return precision
  }

  /// Opens a folder to decode.
  package func engine(_ folder: String, on device: Device = .cpu) throws -> DecodingEngine {
    try DecodingEngine.open(folder, weights: precision(), on: device)
  }

  /// Opens a folder as a model of floating-point numbers; rounded ones where the precision asks for it.
  package func model(_ folder: String, on device: Device = .cpu) throws -> Decoder {
    let precision = try precision()
    let isQuantized = try DecoderConfiguration.isQuantized(folder: folder)
    let isRounded = precision?.isQuantized ?? isQuantized
    if isQuantized, !isRounded { return try engine(folder).model }  // refuses
    if isRounded, !device.usesMainMemory { return try engine(folder, on: device).model }  // refuses
    if isQuantized { return try QuantizedDecoder.open(folder).dequantized() }
    switch precision {
    case nil, .float32: return try Decoder.open(folder, computing: .float32, on: device)
    case .bfloat16: return try Decoder.open(folder, computing: .bfloat16, on: device)
    case .int8, .int4: return try QuantizedDecoder.rounding(folder, precision!).dequantized()
    }
  }
}

/// A cheaper model that proposes tokens.
struct DraftFlags: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "A cheaper model that proposes tokens: the folder of one with the same tokenizer, or layers:N for the first N layers of the model itself.",
      valueName: "folder|layers:N"))
  var draft: String?
  @Option(help: "Tokens that the draft proposes at a time, at most.") var draftTokens = 4

  /// - Throws: `MohawkError` for an option out of its range.
  func check() throws {
    guard (1...64).contains(draftTokens) else {
      throw MohawkError(.invalidValue, "--draft-tokens is \(draftTokens), it must be from 1 to 64")
    }
  }

  /// Opens the draft for a model; nil where none is asked for.
  func engine(
    for engine: DecodingEngine, _ tokenizer: Tokenizer, _ weights: WeightFlags, on device: Device
  ) throws -> DecodingEngine? {
    guard let draft else { return nil }
    let prefix = "layers:"
    guard draft.hasPrefix(prefix) else {
      guard try Tokenizer(folder: draft).fingerprint == tokenizer.fingerprint else {
        throw MohawkError(
          .mismatch, "the draft's tokenizer is not the model's", at: draft, remedy: "use a draft with the same one")
      }
      return try weights.engine(draft, on: device)
    }
    let layers = engine.model.configuration.layers.count
    guard let count = Int(draft.dropFirst(prefix.count)), (1..<max(layers, 2)).contains(count) else {
      throw MohawkError(
        .invalidValue, "--draft is \(draft), and the model has \(layers) layers", remedy: "use fewer, at least one")
    }
    return engine.firstLayers(count)
  }
}

/// How a model decodes.
struct EngineFlags: ParsableArguments {
  @OptionGroup var weights: WeightFlags
  @Option(help: "Threads; all cores when not given.") var threads: Int?
  @OptionGroup var place: DeviceFlags
  @OptionGroup var draft: DraftFlags

  /// Opens a folder.
  func generator(_ folder: String, cache: PrefixCache? = nil) throws -> TextGenerator {
    try Threads.use(threads)
    try draft.check()
    let device = try place.opened()
    let engine = try weights.engine(folder, on: device)
    let tokenizer = try Tokenizer(folder: folder)
    let speculation = try draft.engine(for: engine, tokenizer, weights, on: device).map {
      SpeculativeDraft($0, longest: draft.draftTokens)
    }
    return try TextGenerator(
      engine, tokenizer, ends: Prompt.ends(inFolder: folder), draft: speculation, cache: cache)
  }
}
