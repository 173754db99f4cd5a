import Foundation
import MohawkFiles
import MohawkLayers
import MohawkMixers
import MohawkTensor
import MohawkWeights
import Testing

@testable import MohawkModels

/// Whatever a `config.json` says, it is an error or a model that runs: never a trap, and never memory or time by a number
/// that it names.
@Suite struct ConfigFuzzTests {
  static let goldens = [
    "phi", "phi-gqa", "phi-mamba", "hybrid-phi-mamba", "llama", "llama3", "llama-linear", "mistral", "qwen2",
    "qwen2-sliding", "qwen3", "smollm3", "smollm3-sliding", "phi3", "phi3-longrope", "olmo2", "olmo3", "gemma2",
    "gemma3_text", "gpt_neox", "gpt_neox-sequential", "gpt2", "granitemoehybrid", "granitemoehybrid-scaled",
    "bamba", "mamba2", "mamba2-groups", "mamba", "state-spaces-mamba", "state-spaces-mamba2",
  ]
  static let own = [
    "phi-gqa", "hybrid-phi-mamba", "qwen2-sliding", "mamba2-groups", "mamba", "phi-mamba", "hybrid-phi-mamba",
  ]
  /// Those of `own` from here on have a window of attention beside their recurrent mixers.
  static let firstWithWindow = 5

  /// The texts of all families, one line each.
  private static func texts() throws -> [[UInt8]] {
    try goldens.map { try compact(DecoderConfiguration.text(of: $0)) } + own.indices.map { try compact(mohawk($0)) }
  }

  private static func compact(_ text: Data) -> [UInt8] {
    Array(String(decoding: text, as: UTF8.self).replacing(/\n */, with: " ").utf8)
  }

  /// A golden in the project's own format.
  private static func mohawk(_ index: Int) throws -> Data {
    let configuration = own(index, try DecoderConfiguration(folder: GoldenModel.folder(own[index])))
    return try JSONSerialization.data(withJSONObject: configuration.json)
  }

  private static func own(_ index: Int, _ golden: DecoderConfiguration) -> DecoderConfiguration {
    var configuration = golden
    configuration.format = .mohawk
    guard index >= firstWithWindow else { return configuration }
    configuration.change(DiscreteMamba2Configuration.self) {
      $0.window = WindowConfiguration(
        tokens: 3, sinks: 1, kvHeads: $0.vHeads, headDim: 6, rotaryDim: 4, rotaryScaling: .linear(factor: 2),
        bias: true, scale: 0.5)
    }
    return configuration
  }

  private static func read(_ text: [UInt8]) throws -> DecoderConfiguration {
    try text.withUnsafeBytes { try DecoderConfiguration(json: ModelJSON($0, path: "config.json")) }
  }

  /// Reads a text that may be anything; nil when it is refused as it should be.
  private func accepted(_ text: [UInt8]) -> DecoderConfiguration? {
    do {
      let configuration = try Self.read(text)
      _ = (configuration.keys, configuration.facts)
      if (try? configuration.requireWritable()) != nil {
        // What can be written is written as JSON, and read again.
        let again = ModelJSON(path: "config.json", object: configuration.json, text: "")
        #expect(throws: Never.self) { try DecoderConfiguration(json: again) }
      }
      return configuration
    } catch let error as MohawkError {
      if error.description.count > 1000 { Issue.record("an error of \(error.description.count) characters") }
    } catch {
      Issue.record("not a MohawkError: \(error)")
    }
    return nil
  }

  @Test(arguments: 0..<9) func aMutatedConfigurationIsRefusedOrSound(_ seed: UInt64) throws {
    let texts = try Self.texts()
    let mutator = ConfigurationMutator(texts)
    var random = FuzzGenerator(seed: seed)
    var count = 0
    // Every ninth text, so that all arguments together take each.
    for index in stride(from: Int(seed), to: texts.count, by: 9) {
      let places = ConfigurationMutator.places(texts[index])
      #expect(accepted(texts[index]) != nil && places.count > 8)
      for _ in 0..<1500 where accepted(mutator.mutate(texts[index], places: places, with: &random)) != nil {
        count += 1
      }
    }
    #expect(count > 200, "hardly anything was accepted")
  }

  @Test(arguments: 0..<9) func whatIsAcceptedIsRefusedByTheWeightsOrRuns(_ seed: UInt64) throws {
    let texts = try Self.texts()
    let mutator = ConfigurationMutator(texts)
    var random = FuzzGenerator(seed: 1000 + seed)
    var (opened, wanted, ran) = (0, 0, 0)
    for index in stride(from: Int(seed), to: texts.count, by: 9) {
      let places = ConfigurationMutator.places(texts[index])
      let store = try Self.store(index)
      wanted += 200
      var left = 200
      while left > 0 {
        let text = mutator.mutate(texts[index], places: places, with: &random)
        guard let configuration = try? Self.read(text) else { continue }
        left -= 1
        opened += 1
        do {
          try run(Decoder.open(configuration, store))
          ran += 1
        } catch let error as MohawkError {
          #expect(error.code == .mismatch, "\(error)")
        }
      }
    }
    #expect(opened == wanted && ran > 30)
  }

  /// The weights that belong to a text.
  private static func store(_ index: Int) throws -> any WeightStore {
    if index < goldens.count { return try Weights.open(GoldenModel.folder(goldens[index])) }
    let place = index - goldens.count
    let model = try Decoder.open(GoldenModel.folder(own[place]))
    let folder = try TemporaryFolder()
    let configuration = own(place, model.configuration)
    let written =
      place < firstWithWindow ? model.described(by: configuration) : Decoder.fresh(configuration, seed: 1)
    try written.write(to: folder.path)
    // Mapped files stay when their folder goes.
    return try Weights.open(folder.path)
  }

  /// A few tokens at once, and one after another.
  private func run(_ model: Decoder) {
    let length = min(5, model.maxLength ?? 5)
    withoutGradients {
      let ids = Tensor((0..<length).map { Int64($0 % model.vocabulary) }, shape: [1, length])
      #expect(model(ids).shape == [1, length, model.vocabulary])
      let state = model.emptyState(batch: 1)
      for position in 0..<length { _ = model.advance(ids.narrowed(1, from: position, length: 1), state) }
      #expect(state.position == length)
    }
  }

  @Test(.timeLimit(.minutes(5)), arguments: goldens) func aConfigurationOfTheLargestNumbersTakesNoMemory(_ name: String)
    throws
  {
    let text = try String(decoding: Self.compact(DecoderConfiguration.text(of: name)), as: UTF8.self)
    let store = try Weights.open(GoldenModel.folder(name))
    let pattern = try Regex(
      #""(vocab_size|hidden_size|d_model|n_embd|intermediate_size|num_hidden_layers|n_layer)": [0-9]+"#)
    for sizes in [["16777216"], ["10000"], ["1", "10000"], ["16777216", "10000", "65536"]] {
      var turn = 0
      let huge = text.replacing(pattern) { match in
        turn += 1
        return match.output[0].substring!.replacing(/[0-9]+$/, with: sizes[turn % sizes.count])
      }
      guard let configuration = try? Self.read(Array(huge.utf8)) else { continue }
      #expect(throws: MohawkError.self) { _ = try Decoder.open(configuration, store) }
    }
  }

  @Test(arguments: [600, 100_000]) func deepNestingIsRefused(_ depth: Int) throws {
    for (open, close) in [("[", "]"), ("{\"a\":", "}")] {
      for end in ["1", ""] {
        let nested =
          String(repeating: open, count: depth) + end + (end.isEmpty ? "" : String(repeating: close, count: depth))
        let error = #expect(throws: MohawkError.self) { _ = try Self.read(Array("{\"a\": \(nested)}".utf8)) }
        #expect(error?.code == .invalidFormat)
      }
    }
  }

  @Test func aFileLargerThanAnyConfigurationIsNotParsed() throws {
    let text = Array("{\"a\": [".utf8) + Array(repeating: UInt8(ascii: "0"), count: 1 << 20)
    let error = #expect(throws: MohawkError.self) { _ = try Self.read(text) }
    #expect(error?.message.contains("\(text.count) bytes") == true)
  }

  @Test func ofAKeyThatStandsTwiceTheLastOneCountsAsInPython() throws {
    let text = #"{"model_type": "gpt2", "n_embd": 8, "n_layer": 1, "n_head": 2, "vocab_size": 9, "n_embd": 16}"#
    #expect(try Self.read(Array(text.utf8)).modelDim == 16)
  }

  // What broke an earlier reader: traps, time by the square of the number of keys, memory by a number, a file that
  // could not be read back.

  @Test func blocksWithoutEndTakeNoTime() throws {
    func text(_ count: Int, layers: Int) -> [UInt8] {
      let block = #"{"n_layers": \#(layers), "CoreType": "modules.mixers.phi_attention"}"#
      let blocks = (0..<count).map { "\"Block\($0)\": \(block)" }.joined(separator: ", ")
      let model = #""MixerModel": {"input": {"d_model": 256, "n_layer": 10000}}"#
      return Array(#"{\#(model), "LanguageModel": {"input": {"vocab_size": 9}}, \#(blocks)}"#.utf8)
    }
    let start = ContinuousClock.now
    #expect(throws: MohawkError.self) { _ = try Self.read(text(5000, layers: 1)) }
    let error = #expect(throws: MohawkError.self) { _ = try Self.read(text(5000, layers: 10_000)) }
    #expect(error?.message.contains("more layers than n_layer") == true)
    #expect(ContinuousClock.now - start < .seconds(30))
  }

  @Test(arguments: ["1e308", "0.4"]) func aLengthThatIsNoWholeNumberIsWrittenAsItIs(_ length: String) throws {
    let scaling = #""rope_type": "llama3", "factor": 8, "low_freq_factor": 1, "high_freq_factor": 4"#
    let sizes =
      #""vocab_size": 9, "hidden_size": 8, "intermediate_size": 8, "num_hidden_layers": 1, "num_attention_heads": 1"#
    let rope = #"{\#(scaling), "original_max_position_embeddings": \#(length)}"#
    let found = try Self.read(Array(#"{"model_type": "llama", \#(sizes), "rope_scaling": \#(rope)}"#.utf8))
    #expect(try DecoderConfiguration(json: ModelJSON(path: "", object: found.json, text: "")) == found)
  }

  @Test func headsOfTheirOwnWidthAreWrittenToo() throws {
    let sizes = #""vocab_size": 9, "hidden_size": 8, "num_hidden_layers": 1, "num_attention_heads": 2, "head_dim": 12"#
    let phi = try Self.read(Array(#"{"model_type": "phi", \#(sizes)}"#.utf8))
    #expect(phi.sharedAttention!.headDim == 12)
    #expect(try DecoderConfiguration(json: ModelJSON(path: "", object: phi.json, text: "")) == phi)
    var hybrid = try DecoderConfiguration(folder: GoldenModel.folder("hybrid-phi-mamba"))
    hybrid.changeAttention {
      $0.headDim += 4
      $0.rotaryDim = $0.headDim
    }
    let again = ModelJSON(path: "", object: hybrid.json, text: "")
    #expect(try DecoderConfiguration(json: again).sharedAttention == hybrid.sharedAttention)
  }

  @Test func sizesThatFollowFromOthersHaveTheSameBounds() throws {
    let layers = #""num_hidden_layers": 1, "n_layer": 1, "num_attention_heads": 1, "n_head": 1, "vocab_size": 9"#
    for type in ["phi", "gpt_neox", "gpt2", "mamba"] {
      let text = #"{"model_type": "\#(type)", "hidden_size": 16777216, "n_embd": 16777216, \#(layers), "head_dim": 2}"#
      let error = #expect(throws: MohawkError.self) { _ = try Self.read(Array(text.utf8)) }
      #expect(error?.message.contains("too large") == true, "\(String(describing: error))")
    }
    let text = #"{"d_model": 64, "n_layer": 1, "vocab_size": 16777216, "pad_vocab_size_multiple": 16777215}"#
    #expect(throws: MohawkError.self) { _ = try Self.read(Array(text.utf8)) }
  }

  @Test func aLowerLimitThatNoStepSizeReachesIsAnError() throws {
    let limit = #""time_step_limit": [1e308, Infinity]"#
    let text = #"{"model_type": "mamba2", "vocab_size": 9, "num_hidden_layers": 1, \#(limit)}"#
    #expect(throws: MohawkError.self) { _ = try Self.read(Array(text.utf8)) }
  }

  @Test func anAbsurdExpansionOfMamba2IsAnError() throws {
    for expand in ["1e300", "-1e300", "1e-300", "4611686018427387904"] {
      let text = #"{"model_type": "mamba2", "vocab_size": 9, "num_hidden_layers": 1, "expand": \#(expand)}"#
      #expect(throws: MohawkError.self) { _ = try Self.read(Array(text.utf8)) }
    }
  }
}

extension DecoderConfiguration {
  /// The `config.json` of a golden.
  fileprivate static func text(of golden: String) throws -> Data {
    try Data(contentsOf: URL(fileURLWithPath: GoldenModel.folder(golden) + "/config.json"))
  }
}
