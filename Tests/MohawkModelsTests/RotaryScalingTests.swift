import Foundation
import MohawkFiles
import MohawkLayers
import Synchronization
import Testing

@testable import MohawkModels

/// Rotary scalings as `config.json` says them; what they compute is held by the goldens.
@Suite struct RotaryScalingTests {
  private func read(_ keys: String, length: Int = 64) throws -> (model: DecoderConfiguration, notices: [String]) {
    let text =
      #"{"model_type": "llama", "hidden_size": 32, "intermediate_size": 48, "num_attention_heads": 4, "vocab_size": 60, "#
      + #""num_hidden_layers": 2, "max_position_embeddings": \#(length), \#(keys)}"#
    let notices = Mutex<[String]>([])
    let model = try Notice.handling(by: { notice in notices.withLock { $0.append(notice) } }) {
      try Array(text.utf8).withUnsafeBytes { try DecoderConfiguration(json: ModelJSON($0, path: "config.json")) }
    }
    return (model, notices.withLock { $0 })
  }

  private func scaling(_ keys: String, beside: String = "") throws -> RotaryScaling {
    try read(#""rope_scaling": {\#(keys)}\#(beside)"#).model.sharedAttention!.rotaryScaling
  }

  @Test func yarnIsToldByManyKeys() throws {
    let usual = RotaryScaling.Yarn(factor: 4, originalLength: 16)
    #expect(abs(usual.magnitude - (0.1 * log(4) + 1)) < 1e-12)
    let kind = #""type": "yarn", "factor": 4"#
    #expect(try scaling(kind + #", "original_max_position_embeddings": 16"#) == .yarn(usual))
    #expect(try scaling(kind, beside: #", "original_max_position_embeddings": 16"#) == .yarn(usual))
    // The key at the top counts, and without any the longest text.
    #expect(
      try scaling(
        kind + #", "original_max_position_embeddings": 8"#, beside: #", "original_max_position_embeddings": 16"#)
        == .yarn(usual))
    #expect(try scaling(kind) == .yarn(.init(factor: 4, originalLength: 64)))
    #expect(
      try scaling(#""rope_type": "yarn", "factor": null, "original_max_position_embeddings": 16"#) == .yarn(usual))
    let original = kind + #", "original_max_position_embeddings": 16"#
    var changed = usual
    (changed.fast, changed.slow, changed.isTruncated) = (8, 2, false)
    #expect(try scaling(original + #", "beta_fast": 8, "beta_slow": 2, "truncate": false"#) == .yarn(changed))
    #expect(try scaling(original + #", "beta_fast": 0, "beta_slow": null"#) == .yarn(usual))
    var sharper = usual
    sharper.magnitude = (0.2 * log(4) + 1) / (0.05 * log(4) + 1)
    #expect(try scaling(original + #", "mscale": 2, "mscale_all_dim": 0.5"#) == .yarn(sharper))
    #expect(try scaling(original + #", "mscale": 2"#) == .yarn(usual))
    sharper.magnitude = 1.5
    #expect(try scaling(original + #", "mscale": 2, "mscale_all_dim": 0.5, "attention_factor": 1.5"#) == .yarn(sharper))
    #expect(RotaryScaling.Yarn(factor: 1, originalLength: 16).magnitude == 1)
  }

  @Test func longRoPELooksAtTextsOfItsOriginalLength() throws {
    let factors = #""type": "longrope", "short_factor": [1, 1, 1.5, 2], "long_factor": [1, 2, 3, 4]"#
    let (model, notices) = try read(#""rope_scaling": {\#(factors)}, "original_max_position_embeddings": 16"#)
    let magnitude = (1 + log(4.0) / log(16.0)).squareRoot()
    #expect(
      model.sharedAttention!.rotaryScaling
        == .longrope(short: [1, 1, 1.5, 2], long: [1, 2, 3, 4], originalLength: 16, magnitude: magnitude))
    #expect(notices.count == 1 && notices[0].contains("up to 16 tokens"))
    let decoder = Decoder.fresh(model, seed: 1)
    #expect(decoder.maxLength == 16 && model.sharedAttention!.maxLength == 64)
    let same = #""type": "longrope", "short_factor": [1, 1, 1.5, 2], "long_factor": [1, 1, 1.5, 2]"#
    #expect(try Decoder.fresh(read(#""rope_scaling": {\#(same)}"#).model, seed: 1).maxLength == 64)
    let error = #expect(throws: MohawkError.self) {
      try read(#""rope_scaling": {"type": "longrope", "short_factor": [1, 1], "long_factor": [1, 2]}"#)
    }
    #expect(error?.message == "'short_factor' has 2 numbers, 4 pairs of dimensions are rotated")
  }

  @Test(
    arguments: ["llama-yarn", "qwen2-yarn", "llama-longrope", "llama-dynamic"],
    [CheckpointFormat.mohawk, .graniteHybrid])
  func otherFormatsHoldThemToo(_ name: String, _ format: CheckpointFormat) throws {
    let golden = try GoldenModel(name)
    var configuration = golden.model.configuration
    guard configuration.unsupportedFeature(in: format) == nil else { return }
    configuration.format = format
    let folder = try TemporaryFolder()
    try golden.model.described(by: configuration).write(to: folder.path)
    let again = try Decoder.open(folder.path)
    #expect(
      again.configuration.sharedAttention!.rotaryScaling == golden.model.configuration.sharedAttention!.rotaryScaling)
    #expect(try again(golden.ids).isIdentical(to: golden.model(golden.ids)))
  }
}
