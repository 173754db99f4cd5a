import MohawkFiles
import MohawkLayers
import MohawkMixers
import Testing

@testable import MohawkModels

/// What a `config.json` means by the keys that it leaves out is what transformers means; what cannot be computed here is
/// refused, not ignored.
@Suite struct ConfigurationDefaultTests {
  private static let sizes =
    #""vocab_size": 64, "hidden_size": 256, "intermediate_size": 64, "num_hidden_layers": 3, "num_attention_heads": 32"#

  private func read(_ type: String, _ more: String = "", sizes: String = Self.sizes) throws -> DecoderConfiguration {
    try DecoderConfiguration(
      json: .read(#"{"model_type": "\#(type)", \#(sizes)\#(more.isEmpty ? "" : ", ")\#(more)}"#))
  }

  @Test func theKeysLeftOutMeanWhatTransformersMeans() throws {
    let llama = try read("llama")
    #expect(llama.norm == .rms(epsilon: 1e-6) && !llama.tiesHead && llama.sharedAttention!.kvHeads == 32)
    #expect(
      llama.sharedAttention!.maxLength == 2048 && llama.sharedAttention!.headDim == 8
        && llama.sharedMLP!.activation == .silu)
    let mistral = try read("mistral")
    #expect(
      mistral.sharedAttention!.kvHeads == 8 && mistral.sharedAttention!.window == 4096
        && mistral.sharedAttention!.maxLength == 131_072)
    #expect(mistral.mixers.allSatisfy { $0 == .windowedAttention })
    let qwen2 = try read("qwen2")
    #expect(qwen2.sharedAttention!.kvHeads == 32 && !qwen2.tiesHead && qwen2.sharedAttention!.maxLength == 32_768)
    #expect(qwen2.sharedAttention!.window == nil && qwen2.sharedAttention!.bias && !qwen2.sharedAttention!.outputBias)
    let qwen3 = try read("qwen3")
    #expect(
      qwen3.sharedAttention!.headDim == 128 && !qwen3.sharedAttention!.bias
        && qwen3.sharedAttention!.headNormEpsilon == 1e-6)
    let bamba = try read("bamba", #""mamba_n_heads": 8, "attn_layer_indices": [1]"#)
    #expect(
      bamba.norm == .rms(epsilon: 1e-5) && bamba.sharedAttention!.kvHeads == 8 && bamba.sharedAttention!.rotaryDim == 4)
    #expect(bamba.sharedAttention!.maxLength == 262_144 && bamba.mixers == [.mamba2, .attention, .mamba2])
    #expect(try read("bamba", #""mamba_n_heads": 8"#).mixers.allSatisfy { $0 == .mamba2 })
    let granite = try read(
      "granitemoehybrid", #""num_local_experts": 0, "layer_types": ["attention", "mamba", "mamba"]"#)
    #expect(
      granite.sharedMLP!.width == 1024 && granite.sharedAttention!.rotaryDim == 0 && granite.sharedAttention!.scale == 1
    )
    #expect(
      granite.shared(Mamba2Configuration.self)?.heads == 128
        && granite.shared(Mamba2Configuration.self)?.stateDim == 256 && !granite.tiesHead)
    let gpt2 = try read("gpt2", sizes: #""vocab_size": 64, "n_embd": 32, "n_layer": 1, "n_head": 4, "n_inner": null"#)
    #expect(gpt2.sharedMLP!.width == 128 && gpt2.tiesHead && gpt2.learnedPositions == 1024 && gpt2.normEpsilon == 1e-5)
    let neox = try read("gpt_neox")
    #expect(
      neox.sharedAttention!.rotaryDim == 2 && neox.layout == .parallelNorms && neox.sharedMLP!.activation == .gelu)
    let phi = try read("phi")
    #expect(
      phi.sharedAttention!.rotaryDim == 4 && phi.norm == .layer(epsilon: 1e-5) && phi.sharedMLP!.activation == .geluTanh
    )
  }

  @Test func theKeysThatNewerFamiliesLeaveOutMeanWhatTransformersMeans() throws {
    let smol = try read("smollm3", #""num_hidden_layers": 5"#)
    #expect(smol.sharedAttention!.kvHeads == 4 && smol.tiesHead && smol.sharedAttention!.rotaryBase == 2_000_000)
    #expect(
      smol.otherRotary?.layers == [3] && smol.otherRotary?.attention.rotaryDim == 0
        && smol.sharedAttention!.maxLength == 32_768)
    let phi3 = try read("phi3")
    #expect(
      phi3.sharedAttention!.window == nil && phi3.sharedAttention!.kvHeads == 32 && phi3.norm == .rms(epsilon: 1e-5))
    #expect(phi3.sharedAttention!.rotaryDim == 8 && phi3.sharedAttention!.maxLength == 4096 && !phi3.tiesHead)
    let olmo2 = try read("olmo2")
    #expect(olmo2.normPlaces == .after && olmo2.sharedAttention!.normsAcrossHeads && olmo2.norm == .rms(epsilon: 1e-5))
    #expect(
      olmo2.sharedAttention!.kvHeads == 32 && olmo2.sharedAttention!.maxLength == 2048 && !olmo2.sharedAttention!.bias)
    let olmo3 = try read("olmo3", #""num_hidden_layers": 4"#)
    #expect(olmo3.mixers == [.windowedAttention, .windowedAttention, .windowedAttention, .attention])
    #expect(
      olmo3.sharedAttention!.window == 4096 && olmo3.sharedAttention!.rotaryBase == 500_000 && olmo3.otherRotary == nil)
    let gemma2 = try read("gemma2")
    #expect(
      gemma2.sharedAttention!.headDim == 256 && gemma2.sharedAttention!.kvHeads == 4
        && gemma2.sharedAttention!.maxLength == 8192)
    #expect(gemma2.sharedAttention!.scoreCap == 50 && gemma2.logitCap == 30 && gemma2.tiesHead)
    #expect(
      gemma2.mixers == [.windowedAttention, .attention, .windowedAttention] && gemma2.sharedAttention!.window == 4096)
    #expect(
      gemma2.sharedMLP!.activation == .geluTanh && gemma2.multipliers.embedding == 16
        && gemma2.sharedAttention!.scale == nil)
    let gemma3 = try read("gemma3_text", #""num_hidden_layers": 6"#)
    #expect(gemma3.mixers.map { $0 == .attention } == [false, false, false, false, false, true])
    #expect(gemma3.sharedAttention!.rotaryBase == 1_000_000 && gemma3.otherRotary?.attention.rotaryBase == 10_000)
    #expect(gemma3.otherRotary?.layers == [0, 1, 2, 3, 4] && gemma3.sharedAttention!.headNormEpsilon == 1e-6)
    #expect(
      gemma3.sharedAttention!.scoreCap == nil && gemma3.logitCap == nil && gemma3.sharedAttention!.maxLength == 131_072)
  }

  @Test func nullIsNotTheSameAsLeftOut() throws {
    #expect(try read("gemma2", #""attn_logit_softcapping": null"#).sharedAttention!.scoreCap == nil)
    #expect(try read("gemma2", #""final_logit_softcapping": null"#).logitCap == nil)

    #expect(try read("mistral", #""num_key_value_heads": null"#).sharedAttention!.kvHeads == 32)
    #expect(try read("mistral", #""sliding_window": null"#).mixers.allSatisfy { $0 == .attention })
    #expect(try read("qwen3", #""head_dim": null"#).sharedAttention!.headDim == 8)
  }

  @Test func windowsStandWhereTransformersHasThem() throws {
    let two = try read("qwen2", #""use_sliding_window": true, "max_window_layers": 1"#)
    #expect(two.mixers == [.attention, .windowedAttention, .windowedAttention] && two.sharedAttention!.window == 4096)
    let none = try read("qwen2", #""use_sliding_window": true, "sliding_window": 8"#)
    #expect(none.sharedAttention!.window == nil && none.mixers.allSatisfy { $0 == .attention })
  }

  @Test func ropeScalingOfLlama3KnowsTheOriginalLengthWithoutBeingTold() throws {
    let scaling = #"{"rope_type": "llama3", "factor": 8, "low_freq_factor": 1, "high_freq_factor": 4}"#
    let found = try read("llama", #""max_position_embeddings": 512, "rope_scaling": \#(scaling)"#).sharedAttention
    #expect(found?.rotaryScaling == .llama3(factor: 8, low: 1, high: 4, originalLength: 512))
    let both =
      #""rope_theta": 7, "rope_scaling": {"type": "linear", "factor": 2}, "rope_parameters": {"rope_theta": 9}"#
    let attention = try read("llama", both).sharedAttention
    #expect(attention?.rotaryScaling == .linear(factor: 2) && attention?.rotaryBase == 7)
  }

  struct Refused: Sendable, CustomTestStringConvertible {
    let type: String
    let keys: String
    let word: String
    init(_ type: String, _ keys: String, _ word: String) { (self.type, self.keys, self.word) = (type, keys, word) }
    var testDescription: String { "\(type) \(keys)" }
  }

  @Test(arguments: [
    Refused("smollm3", #""no_rope_layers": [1, 0]"#, "list of 3 numbers"),
    Refused("smollm3", #""no_rope_layers": [1, 0, 2]"#, "list of 3 numbers"),
    Refused("smollm3", #""layer_types": ["sliding_attention", "full_attention", "full_attention"]"#, "there is none"),
    Refused("phi3", #""rope_scaling": {"type": "linear", "factor": 2}"#, "'longrope' or not at all"),
    Refused(
      "phi3", #""sliding_window": 8, "layer_types": ["full_attention", "full_attention", "full_attention"]"#,
      "'layer_types'"),
    Refused("phi3", #""lm_head_bias": true"#, "'lm_head_bias' is true"),
    Refused("olmo2", #""sliding_window": 8"#, "'sliding_window' is 8"),
    Refused("olmo3", #""rope_theta": 10000, "num_hidden_layers": 4"#, "'rope_parameters'"),
    Refused("olmo3", #""sliding_window": null"#, "'sliding_window' is null"),
    Refused("olmo3", #""rope_parameters": {"rope_type": "default", "rope_theta": 9}"#, "beside the kinds of layers"),
    Refused("gemma2", #""use_bidirectional_attention": true"#, "'use_bidirectional_attention'"),
    Refused("gemma2", #""query_pre_attn_scalar": 0"#, "'query_pre_attn_scalar' is 0"),
    Refused("gemma2", #""attn_logit_softcapping": 0"#, "'attn_logit_softcapping' is 0"),
    Refused("gemma2", #""hidden_act": "silu", "hidden_activation": "gelu_pytorch_tanh""#, "contradicts"),
    Refused("gemma3_text", #""attn_logit_softcapping": 50"#, "'attn_logit_softcapping'"),
    Refused("gemma3_text", #""sliding_window": null"#, "'sliding_window' is null"),
    Refused("llama", #""query_pre_attn_scalar": 8"#, "'query_pre_attn_scalar' is 8"),
    Refused("llama", #""rope_scaling": {"rope_type": "yarn"}"#, "'factor' is missing"),
    Refused(
      "llama", #""rope_scaling": {"rope_type": "yarn", "factor": 4, "attention_factor": -1}"#, "attention_factor"),
    Refused("llama", #""rope_scaling": {"type": "dynamic"}"#, "'factor' is missing"),
    Refused("llama", #""rope_scaling": {"type": "dynamic", "factor": 4, "alpha": 1000}"#, "'alpha'"),
    Refused("llama", #""rope_parameters": {"rope_type": "longrope", "factor": 4}"#, "'short_factor'"),
    Refused(
      "llama", #""rope_scaling": {"rope_type": "longrope", "short_factor": [1, 1], "long_factor": [1]}"#,
      "'long_factor' 1"),
    Refused(
      "llama", #""rope_scaling": {"rope_type": "longrope", "short_factor": [1, 0], "long_factor": [1, 2]}"#, "above 0"),
    Refused("llama", #""rope_scaling": {"rope_type": "mrope", "mrope_section": [1, 1]}"#, "'mrope'"),
    Refused("llama", #""rope_scaling": {"rope_type": "proportional"}"#, "'proportional'"),
    Refused("llama", #""rope_parameters": {"full_attention": {"rope_theta": 3}}"#, "between layers"),
    Refused("llama", #""rope_parameters": {"partial_rotary_factor": 0.5}"#, "partial_rotary_factor"),
    Refused("qwen3", #""partial_rotary_factor": 0.5"#, "partial_rotary_factor"),
    Refused("llama", #""attn_logit_softcapping": 50.0"#, "attn_logit_softcapping"),
    Refused("llama", #""final_logit_softcapping": 30.0"#, "final_logit_softcapping"),
    Refused("llama", #""num_local_experts": 8"#, "num_local_experts"),
    Refused("qwen2", #""num_experts": 60"#, "num_experts"),
    Refused("llama", #""quantization_config": {"bits": 4, "quant_method": "gptq"}"#, "quantization_config"),
    Refused("llama", #""quantization": {"bits": 4, "group_size": 64}"#, "quantization"),
    Refused("llama", #""sliding_window": 4096"#, "sliding_window"),
    Refused("llama", #""hidden_act": "xielu""#, "xielu"),
    Refused("llama", #""num_attention_heads": true"#, "num_attention_heads"),
    Refused("mistral", #""layer_types": ["full_attention", "sliding_attention", "full_attention"]"#, "layer_types"),
    Refused("mistral", #""layer_types": ["full_attention", "full_attention", "full_attention"]"#, "layer_types"),
    Refused("qwen2", #""layer_types": ["full_attention", "sliding_attention", "full_attention"]"#, "layer_types"),
    Refused("gpt_neox", #""rope_theta": 500"#, "rotary_emb_base"),
    Refused("gpt_neox", #""partial_rotary_factor": 1"#, "rotary_pct"),
    Refused("granitemoehybrid", "", "num_local_experts"),
    Refused("granitemoehybrid", #""num_local_experts": 8"#, "num_local_experts"),
    Refused("granitemoehybrid", #""num_local_experts": 0, "hidden_act": "gelu""#, "hidden_act"),
    Refused("bamba", #""mamba_n_heads": 8, "hidden_act": "gelu""#, "hidden_act"),
    Refused("bamba", #""mamba_n_heads": 8, "partial_rotary_factor": 1"#, "partial_rotary_factor"),
    Refused("bamba", #""mamba_n_heads": 8, "attn_rotary_emb": 8"#, "attn_rotary_emb"),
    Refused("bamba", #""mamba_n_heads": 8, "attn_layer_indices": "all""#, "attn_layer_indices"),
    Refused("bamba", #""mamba_n_heads": 8, "layer_types": ["mamba", "mamba", "attention"]"#, "layer_types"),
    Refused("mamba2", #""expand": 1e300"#, "width"), Refused("mamba2", #""hidden_act": "gelu""#, "hidden_act"),
    Refused(
      "mohawk",
      #""layers": ["mamba"], "norm": {"kind": "rms"}, "mlp": {"width": 1, "activation": "silu"}, "layout": "sequential""#,
      "'mamba'"),
    Refused(
      "mohawk",
      #""layers": ["windowed-attention"], "norm": {"kind": "rms"}, "mlp": {"width": 1, "activation": "silu"}, "layout": "sequential", "attention": {"num_attention_heads": 4}"#,
      "'window'"),
  ])
  func whatIsNotComputedHereIsRefused(_ refused: Refused) throws {
    let error = #expect(throws: MohawkError.self) { _ = try read(refused.type, refused.keys) }
    let said = error?.description ?? ""
    #expect(said.contains(refused.word) && said.contains("config.json") && said.count < 300, "\(said)")
  }

  @Test(arguments: [
    #""norm_before_gate": true"#, #""rmsnorm": false"#, #""D_has_hdim": true"#, #""d_ssm": 12"#,
    #""activation": "relu""#,
    #""dt_limit": [1, 0]"#,
  ])
  func optionsOfTheAuthorsMambaThatChangeTheResultAreRefused(_ option: String) throws {
    let text = #"{"d_model": 64, "n_layer": 1, "vocab_size": 8, "ssm_cfg": {"layer": "Mamba2", \#(option)}}"#
    #expect(throws: MohawkError.self) { _ = try DecoderConfiguration(json: .read(text)) }
  }

  @Test func theAuthorsMambaHasItsStepSizesLimited() throws {
    let text = #"{"d_model": 64, "n_layer": 1, "vocab_size": 8, "ssm_cfg": {"layer": "Mamba2", "dt_limit": [0.5, 2]}}"#
    let found = try DecoderConfiguration(json: .read(text))
    #expect(found.shared(Mamba2Configuration.self)?.timeStepLimit == 0.5...2)
    #expect(throws: MohawkError.self) { try found.requireWritable() }
  }

  @Test func anUnknownArchitectureIsToldTheKnownOnes() throws {
    let error = #expect(throws: MohawkError.self) { _ = try read("deepseek_v3") }
    #expect(error?.code == .unsupported && error?.message.contains("'deepseek_v3'") == true)
    for format in CheckpointFormat.allCases where format != .stateSpaces {
      #expect(error?.remedy?.contains(format.modelType) == true)
    }
  }

  @Test func aStudentWithMambaLayersKeepsThemInTheOwnFormat() throws {
    var configuration = try GoldenModel("mamba").model.configuration
    configuration.format = .mohawk
    try configuration.requireWritable()
    let json = ModelJSON(path: "config.json", object: configuration.json, text: "")
    #expect(try DecoderConfiguration(json: json) == configuration)
  }
}
