import Foundation
import MohawkFiles
import MohawkLayers
import MohawkMixers
import Testing

@testable import MohawkModels

extension ModelJSON {
  /// A `config.json` from its text.
  static func read(_ text: String) throws -> ModelJSON {
    try Array(text.utf8).withUnsafeBytes { try ModelJSON($0, path: "config.json") }
  }
}

/// The `config.json` of well-known models, shortened to the keys that mean something, and the geometry that they mean.
@Suite struct PublishedConfigurationTests {
  struct Published: Sendable, CustomTestStringConvertible {
    let name: String
    let json: String
    let geometry: String
    init(_ name: String, _ json: String, _ geometry: String) {
      (self.name, self.json, self.geometry) = (name, json, geometry)
    }
    var testDescription: String { name }
  }

  /// All that the weights do not say by their shapes, and most of what they do.
  private func geometry(_ model: DecoderConfiguration) -> String {
    var words = [
      "\(model.format.rawValue) \(model.mixers.count)x\(model.modelDim) \(model.layout?.rawValue ?? "-") v\(model.vocabulary)",
      "\(model.norm)".replacingOccurrences(of: "epsilon: ", with: ""), model.tiesHead ? "tied" : "own",
    ]
    if let mlp = model.sharedMLP {
      words.append("mlp\(mlp.width) \(mlp.activation)\(mlp.isGated ? " gated" : "")\(mlp.bias ? "+b" : "")")
    }
    if let a = model.sharedAttention {
      let bias = (a.bias ? "+b" : "") + (a.outputBias ? "+o" : "") + (a.headNormEpsilon == nil ? "" : "+n")
      words.append("\(a.heads)/\(a.kvHeads)x\(a.headDim)\(bias)")
      words.append(model.learnedPositions.map { "learned\($0)" } ?? "r\(a.rotaryDim)@\(Int(a.rotaryBase))")
      if case .longrope(let short, let long, let length, let magnitude) = a.rotaryScaling {
        words.append("longrope \(short.count) \(long.count) \(length) \(Float(magnitude))")
      } else if a.rotaryScaling != .none {
        words.append("\(a.rotaryScaling)")
      }
      if let other = model.otherRotary {
        let base = other.attention.rotaryDim == 0 ? 10_000 : other.attention.rotaryBase
        words.append("other r\(other.attention.rotaryDim)@\(Int(base)) in \(other.layers.count)")
      }
      if let places = model.normPlaces, places != .before {
        words.append("norms \(places)\(a.normsAcrossHeads ? ", across" : "")")
      }
      if let cap = a.scoreCap { words.append("cap\(cap)") }
      words.append("max\(model.learnedPositions ?? a.maxLength)")
      if let window = a.window { words.append("w\(window)") }
      if let scale = a.scale { words.append("s\(scale)") }
      let places = model.mixers.indices.filter { model.mixers[$0].isAttention }
      if places.count < model.mixers.count { words.append("at\(places)") }
    }
    if let m = model.shared(Mamba2Configuration.self) {
      words.append("mamba2 \(m.heads)x\(m.headDim) g\(m.groups) n\(m.stateDim) c\(m.convWidth) \(m.timeStepLimit)")
    }
    if let m = model.shared(MambaConfiguration.self) {
      words.append("mamba \(m.innerDim) n\(m.stateDim) r\(m.timeStepRank) c\(m.convWidth)")
    }
    if let cap = model.logitCap { words.append("logits\(cap)") }
    let by = model.multipliers
    if by != .init() { words.append("x\(by.embedding) x\(by.residual) /\(by.logits)") }
    words.append("b\(model.tokens.beginning ?? -1) e\(model.tokens.ends)")
    return words.joined(separator: ", ")
  }

  @Test(arguments: all) func isReadAsItsModelIs(_ published: Published) throws {
    let configuration = try DecoderConfiguration(json: .read(published.json))
    #expect(geometry(configuration) == published.geometry)
    try configuration.requireWritable()
    #expect(!configuration.keys.places.isEmpty)
    // What we write means the same.
    let json = ModelJSON(path: "config.json", object: configuration.json, text: "")
    #expect(try DecoderConfiguration(json: json) == configuration)
  }

  static let all: [Published] = [
    Published(
      "phi-1_5",
      #"{"model_type": "phi", "attention_dropout": 0.0, "bos_token_id": null, "eos_token_id": null, "hidden_act": "gelu_new", "hidden_size": 2048, "intermediate_size": 8192, "layer_norm_eps": 1e-05, "max_position_embeddings": 2048, "num_attention_heads": 32, "num_hidden_layers": 24, "num_key_value_heads": null, "partial_rotary_factor": 0.5, "qk_layernorm": false, "rope_scaling": null, "rope_theta": 10000.0, "tie_word_embeddings": false, "vocab_size": 51200}"#,
      "phi 24x2048 parallel v51200, layer(1e-05), own, mlp8192 geluTanh+b, 32/32x64+b+o, r32@10000, max2048, b-1 e[]"),
    Published(
      "phi-2",
      #"{"model_type": "phi", "bos_token_id": 50256, "eos_token_id": 50256, "hidden_act": "gelu_new", "hidden_size": 2560, "intermediate_size": 10240, "layer_norm_eps": 1e-05, "max_position_embeddings": 2048, "num_attention_heads": 32, "num_hidden_layers": 32, "num_key_value_heads": 32, "partial_rotary_factor": 0.4, "qk_layernorm": false, "rope_scaling": null, "rope_theta": 10000.0, "tie_word_embeddings": false, "vocab_size": 51200}"#,
      "phi 32x2560 parallel v51200, layer(1e-05), own, mlp10240 geluTanh+b, 32/32x80+b+o, r32@10000, max2048, b50256 e[50256]"
    ),
    Published(
      "Llama-2-7b",
      #"{"model_type": "llama", "bos_token_id": 1, "eos_token_id": 2, "hidden_act": "silu", "hidden_size": 4096, "intermediate_size": 11008, "max_position_embeddings": 4096, "num_attention_heads": 32, "num_hidden_layers": 32, "num_key_value_heads": 32, "pad_token_id": -1, "pretraining_tp": 1, "rms_norm_eps": 1e-05, "rope_scaling": null, "tie_word_embeddings": false, "vocab_size": 32000}"#,
      "llama 32x4096 sequential v32000, rms(1e-05), own, mlp11008 silu gated, 32/32x128, r128@10000, max4096, b1 e[2]"),
    Published(
      "Llama-3.2-1B",
      #"{"model_type": "llama", "attention_bias": false, "bos_token_id": 128000, "eos_token_id": 128001, "head_dim": 64, "hidden_act": "silu", "hidden_size": 2048, "intermediate_size": 8192, "max_position_embeddings": 131072, "mlp_bias": false, "num_attention_heads": 32, "num_hidden_layers": 16, "num_key_value_heads": 8, "pretraining_tp": 1, "rms_norm_eps": 1e-05, "rope_scaling": {"factor": 32.0, "high_freq_factor": 4.0, "low_freq_factor": 1.0, "original_max_position_embeddings": 8192, "rope_type": "llama3"}, "rope_theta": 500000.0, "tie_word_embeddings": true, "vocab_size": 128256}"#,
      "llama 16x2048 sequential v128256, rms(1e-05), tied, mlp8192 silu gated, 32/8x64, r64@500000, "
        + "llama3(factor: 32.0, low: 1.0, high: 4.0, originalLength: 8192.0), max131072, b128000 e[128001]"),
    Published(
      "SmolLM2-135M",
      #"{"model_type": "llama", "attention_bias": false, "bos_token_id": 0, "eos_token_id": 0, "hidden_act": "silu", "hidden_size": 576, "intermediate_size": 1536, "is_llama_config": true, "max_position_embeddings": 8192, "mlp_bias": false, "num_attention_heads": 9, "num_hidden_layers": 30, "num_key_value_heads": 3, "pretraining_tp": 1, "rms_norm_eps": 1e-05, "rope_interleaved": false, "rope_scaling": null, "rope_theta": 100000, "tie_word_embeddings": true, "vocab_size": 49152}"#,
      "llama 30x576 sequential v49152, rms(1e-05), tied, mlp1536 silu gated, 9/3x64, r64@100000, max8192, b0 e[0]"),
    Published(
      "TinyLlama-1.1B",
      #"{"model_type": "llama", "attention_bias": false, "bos_token_id": 1, "eos_token_id": 2, "hidden_act": "silu", "hidden_size": 2048, "intermediate_size": 5632, "max_position_embeddings": 2048, "num_attention_heads": 32, "num_hidden_layers": 22, "num_key_value_heads": 4, "pretraining_tp": 1, "rms_norm_eps": 1e-05, "rope_scaling": null, "rope_theta": 10000.0, "tie_word_embeddings": false, "vocab_size": 32000}"#,
      "llama 22x2048 sequential v32000, rms(1e-05), own, mlp5632 silu gated, 32/4x64, r64@10000, max2048, b1 e[2]"),
    Published(
      "Mistral-7B-v0.1",
      #"{"model_type": "mistral", "bos_token_id": 1, "eos_token_id": 2, "hidden_act": "silu", "hidden_size": 4096, "intermediate_size": 14336, "max_position_embeddings": 32768, "num_attention_heads": 32, "num_hidden_layers": 32, "num_key_value_heads": 8, "rms_norm_eps": 1e-05, "rope_theta": 10000.0, "sliding_window": 4096, "tie_word_embeddings": false, "vocab_size": 32000}"#,
      "mistral 32x4096 sequential v32000, rms(1e-05), own, mlp14336 silu gated, 32/8x128, r128@10000, max32768, w4096, b1 e[2]"
    ),
    Published(
      "Mistral-7B-v0.3",
      #"{"model_type": "mistral", "bos_token_id": 1, "eos_token_id": 2, "hidden_act": "silu", "hidden_size": 4096, "intermediate_size": 14336, "max_position_embeddings": 32768, "num_attention_heads": 32, "num_hidden_layers": 32, "num_key_value_heads": 8, "rms_norm_eps": 1e-05, "rope_theta": 1000000.0, "sliding_window": null, "tie_word_embeddings": false, "vocab_size": 32768}"#,
      "mistral 32x4096 sequential v32768, rms(1e-05), own, mlp14336 silu gated, 32/8x128, r128@1000000, max32768, b1 e[2]"
    ),
    Published(
      "Qwen2.5-0.5B",
      #"{"model_type": "qwen2", "bos_token_id": 151643, "eos_token_id": 151643, "hidden_act": "silu", "hidden_size": 896, "intermediate_size": 4864, "max_position_embeddings": 32768, "max_window_layers": 24, "num_attention_heads": 14, "num_hidden_layers": 24, "num_key_value_heads": 2, "rms_norm_eps": 1e-06, "rope_theta": 1000000.0, "sliding_window": 32768, "tie_word_embeddings": true, "use_mrope": false, "use_sliding_window": false, "vocab_size": 151936}"#,
      "qwen2 24x896 sequential v151936, rms(1e-06), tied, mlp4864 silu gated, 14/2x64+b, r64@1000000, max32768, b151643 e[151643]"
    ),
    Published(
      "Qwen3-0.6B",
      #"{"model_type": "qwen3", "attention_bias": false, "bos_token_id": 151643, "eos_token_id": 151645, "head_dim": 128, "hidden_act": "silu", "hidden_size": 1024, "intermediate_size": 3072, "max_position_embeddings": 40960, "max_window_layers": 28, "num_attention_heads": 16, "num_hidden_layers": 28, "num_key_value_heads": 8, "rms_norm_eps": 1e-06, "rope_scaling": null, "rope_theta": 1000000, "sliding_window": null, "tie_word_embeddings": true, "use_sliding_window": false, "vocab_size": 151936}"#,
      "qwen3 28x1024 sequential v151936, rms(1e-06), tied, mlp3072 silu gated, 16/8x128+n, r128@1000000, max40960, b151643 e[151645]"
    ),
    Published(
      "SmolLM3-3B",
      #"{"model_type": "smollm3", "attention_bias": false, "attention_dropout": 0.0, "bos_token_id": 128000, "eos_token_id": 128012, "hidden_act": "silu", "hidden_size": 2048, "intermediate_size": 11008, "max_position_embeddings": 65536, "max_window_layers": 28, "mlp_bias": false, "no_rope_layer_interval": 4, "no_rope_layers": [1, 1, 1, 0, 1, 1, 1, 0, 1, 1, 1, 0, 1, 1, 1, 0, 1, 1, 1, 0, 1, 1, 1, 0, 1, 1, 1, 0, 1, 1, 1, 0, 1, 1, 1, 0], "num_attention_heads": 16, "num_hidden_layers": 36, "num_key_value_heads": 4, "pad_token_id": 128004, "pretraining_tp": 2, "rms_norm_eps": 1e-06, "rope_scaling": null, "rope_theta": 5000000.0, "sliding_window": null, "use_sliding_window": false, "vocab_size": 128256}"#,
      "smollm3 36x2048 sequential v128256, rms(1e-06), tied, mlp11008 silu gated, 16/4x128, r128@5000000, other r0@10000 in 9, max65536, b128000 e[128012]"
    ),
    Published(
      "Phi-3-mini-4k",
      #"{"model_type": "phi3", "attention_bias": false, "attention_dropout": 0.0, "bos_token_id": 1, "embd_pdrop": 0.0, "eos_token_id": 32000, "hidden_act": "silu", "hidden_size": 3072, "intermediate_size": 8192, "max_position_embeddings": 4096, "num_attention_heads": 32, "num_hidden_layers": 32, "num_key_value_heads": 32, "original_max_position_embeddings": 4096, "pad_token_id": 32000, "resid_pdrop": 0.0, "rms_norm_eps": 1e-05, "rope_scaling": null, "rope_theta": 10000.0, "sliding_window": 2047, "tie_word_embeddings": false, "vocab_size": 32064}"#,
      "phi3 32x3072 sequential v32064, rms(1e-05), own, mlp8192 silu gated, 32/32x96, r96@10000, max4096, w2047, b1 e[32000]"
    ),
    Published(
      "Phi-4-mini",
      #"{"model_type": "phi3", "attention_bias": false, "bos_token_id": 199999, "embd_pdrop": 0.0, "eos_token_id": 199999, "full_attn_mod": 1, "hidden_act": "silu", "hidden_size": 3072, "intermediate_size": 8192, "interpolate_factor": 1, "lm_head_bias": false, "max_position_embeddings": 131072, "mlp_bias": false, "num_attention_heads": 24, "num_hidden_layers": 32, "num_key_value_heads": 8, "original_max_position_embeddings": 4096, "pad_token_id": 199999, "partial_rotary_factor": 0.75, "resid_pdrop": 0.0, "rms_norm_eps": 1e-05, "rope_scaling": {"long_factor": "#
        + numbers(48, 1.1) + #", "short_factor": "# + numbers(48, 1)
        + #", "type": "longrope"}, "rope_theta": 10000.0, "sliding_window": 262144, "tie_word_embeddings": true, "vocab_size": 200064}"#,
      "phi3 32x3072 sequential v200064, rms(1e-05), tied, mlp8192 silu gated, 24/8x128, r96@10000, longrope 48 48 4096 1.1902381, max131072, w262144, b199999 e[199999]"
    ),
    Published(
      "OLMo-2-0425-1B",
      #"{"model_type": "olmo2", "attention_bias": false, "attention_dropout": 0.0, "eos_token_id": 100257, "hidden_act": "silu", "hidden_size": 2048, "intermediate_size": 8192, "max_position_embeddings": 4096, "num_attention_heads": 16, "num_hidden_layers": 16, "num_key_value_heads": 16, "pad_token_id": 100277, "rms_norm_eps": 1e-06, "rope_scaling": null, "rope_theta": 500000, "tie_word_embeddings": false, "vocab_size": 100352}"#,
      "olmo2 16x2048 sequential v100352, rms(1e-06), own, mlp8192 silu gated, 16/16x128+n, r128@500000, norms after, across, max4096, b-1 e[100257]"
    ),
    Published(
      "Olmo-3-7B",
      #"{"model_type": "olmo3", "attention_bias": false, "eos_token_id": 100257, "hidden_act": "silu", "hidden_size": 4096, "intermediate_size": 11008, "max_position_embeddings": 65536, "num_attention_heads": 32, "num_hidden_layers": 32, "num_key_value_heads": 32, "pad_token_id": 100277, "rms_norm_eps": 1e-06, "rope_scaling": {"attention_factor": 1.2079441541679836, "beta_fast": 32.0, "beta_slow": 1.0, "factor": 8.0, "original_max_position_embeddings": 8192, "rope_type": "yarn"}, "rope_theta": 500000, "sliding_window": 4096, "tie_word_embeddings": false, "vocab_size": 100278}"#,
      "olmo3 32x4096 sequential v100278, rms(1e-06), own, mlp11008 silu gated, 32/32x128+n, r128@500000, "
        + "yarn(MohawkLayers.RotaryScaling.Yarn(factor: 8.0, originalLength: 8192.0, fast: 32.0, slow: 1.0, isTruncated: true, magnitude: 1.2079441541679834)), other r128@500000 in 24, norms after, across, max65536, w4096, b-1 e[100257]"
    ),
    Published(
      "gemma-2-2b",
      #"{"model_type": "gemma2", "attention_bias": false, "attention_dropout": 0.0, "attn_logit_softcapping": 50.0, "bos_token_id": 2, "cache_implementation": "hybrid", "eos_token_id": 1, "final_logit_softcapping": 30.0, "head_dim": 256, "hidden_act": "gelu_pytorch_tanh", "hidden_activation": "gelu_pytorch_tanh", "hidden_size": 2304, "intermediate_size": 9216, "max_position_embeddings": 8192, "num_attention_heads": 8, "num_hidden_layers": 26, "num_key_value_heads": 4, "pad_token_id": 0, "query_pre_attn_scalar": 256, "rms_norm_eps": 1e-06, "rope_theta": 10000.0, "sliding_window": 4096, "vocab_size": 256000}"#,
      "gemma2 26x2304 sequential v256000, rms(1e-06), tied, mlp9216 geluTanh gated, 8/4x256, r256@10000, norms around, cap50.0, max8192, w4096, logits30.0, x48.0 x1.0 /1.0, b2 e[1]"
    ),
    Published(
      "gemma-3-270m",
      #"{"model_type": "gemma3_text", "_sliding_window_pattern": 6, "attention_bias": false, "attention_dropout": 0.0, "attn_logit_softcapping": null, "bos_token_id": 2, "eos_token_id": 1, "final_logit_softcapping": null, "head_dim": 256, "hidden_activation": "gelu_pytorch_tanh", "hidden_size": 640, "intermediate_size": 2048, "max_position_embeddings": 32768, "num_attention_heads": 4, "num_hidden_layers": 18, "num_key_value_heads": 1, "pad_token_id": 0, "query_pre_attn_scalar": 256, "rms_norm_eps": 1e-06, "rope_local_base_freq": 10000.0, "rope_scaling": null, "rope_theta": 1000000.0, "sliding_window": 512, "use_bidirectional_attention": false, "vocab_size": 262144}"#,
      "gemma3 18x640 sequential v262144, rms(1e-06), tied, mlp2048 geluTanh gated, 4/1x256+n, r256@1000000, other r256@10000 in 15, norms around, max32768, w512, x25.298221281347036 x1.0 /1.0, b2 e[1]"
    ),
    Published(
      "pythia-70m",
      #"{"model_type": "gpt_neox", "bos_token_id": 0, "eos_token_id": 0, "hidden_act": "gelu", "hidden_size": 512, "intermediate_size": 2048, "layer_norm_eps": 1e-05, "max_position_embeddings": 2048, "num_attention_heads": 8, "num_hidden_layers": 6, "rotary_emb_base": 10000, "rotary_pct": 0.25, "tie_word_embeddings": false, "use_parallel_residual": true, "vocab_size": 50304}"#,
      "gpt-neox 6x512 parallel-norms v50304, layer(1e-05), own, mlp2048 gelu+b, 8/8x64+b+o, r16@10000, max2048, b0 e[0]"
    ),
    Published(
      "gpt2",
      #"{"model_type": "gpt2", "activation_function": "gelu_new", "attn_pdrop": 0.1, "bos_token_id": 50256, "eos_token_id": 50256, "layer_norm_epsilon": 1e-05, "n_ctx": 1024, "n_embd": 768, "n_head": 12, "n_layer": 12, "n_positions": 1024, "summary_type": "cls_index", "task_specific_params": {"text-generation": {"do_sample": true, "max_length": 50}}, "vocab_size": 50257}"#,
      "gpt2 12x768 sequential v50257, layer(1e-05), tied, mlp3072 geluTanh+b, 12/12x64+b+o, learned1024, max1024, b50256 e[50256]"
    ),
    Published(
      "mamba-130m-hf",
      #"{"model_type": "mamba", "bos_token_id": 0, "conv_kernel": 4, "d_inner": 1536, "d_model": 768, "eos_token_id": 0, "expand": 2, "fused_add_norm": true, "hidden_act": "silu", "hidden_size": 768, "intermediate_size": 1536, "layer_norm_epsilon": 1e-05, "n_layer": 24, "num_hidden_layers": 24, "pad_token_id": 0, "pad_vocab_size_multiple": 8, "residual_in_fp32": true, "rms_norm": true, "ssm_cfg": {}, "state_size": 16, "time_step_rank": 48, "use_bias": false, "use_conv_bias": true, "vocab_size": 50280}"#,
      "mamba 24x768 mixer-only v50280, rms(1e-05), tied, mamba 1536 n16 r48 c4, b0 e[0]"),
    Published(
      "state-spaces/mamba-130m",
      #"{"d_model": 768, "n_layer": 24, "vocab_size": 50277, "ssm_cfg": {}, "rms_norm": true, "residual_in_fp32": true, "fused_add_norm": true, "pad_vocab_size_multiple": 8}"#,
      "state-spaces 24x768 mixer-only v50280, rms(1e-05), tied, mamba 1536 n16 r48 c4, b-1 e[]"),
    Published(
      "state-spaces/mamba2-130m",
      #"{"d_model": 768, "d_intermediate": 0, "n_layer": 24, "vocab_size": 50277, "ssm_cfg": {"layer": "Mamba2"}, "attn_layer_idx": [], "attn_cfg": {}, "rms_norm": true, "residual_in_fp32": true, "fused_add_norm": true, "pad_vocab_size_multiple": 16, "tie_embeddings": true}"#,
      "state-spaces 24x768 mixer-only v50288, rms(1e-05), tied, mamba2 24x64 g1 n128 c4 0.0...inf, b-1 e[]"),
    Published(
      "Mamba-Codestral-7B",
      #"{"model_type": "mamba2", "bos_token_id": 0, "chunk_size": 256, "conv_kernel": 4, "eos_token_id": 0, "expand": 2, "head_dim": 64, "hidden_act": "silu", "hidden_size": 4096, "intermediate_size": 8192, "layer_norm_epsilon": 1e-05, "n_groups": 8, "norm_before_gate": true, "num_heads": 128, "num_hidden_layers": 64, "pad_token_id": 0, "residual_in_fp32": true, "rms_norm": true, "state_size": 128, "tie_word_embeddings": false, "time_step_limit": [0.0, Infinity], "time_step_rank": 256, "use_bias": false, "use_conv_bias": true, "vocab_size": 32768}"#,
      "mamba2 64x4096 mixer-only v32768, rms(1e-05), own, mamba2 128x64 g8 n128 c4 0.0...inf, b0 e[0]"),
    Published(
      "granite-4.0-h-350m",
      granite(
        layers: 32, attention: [10, 13, 17, 27],
        #""attention_multiplier": 0.015625, "hidden_size": 768, "intermediate_size": 2048, "shared_intermediate_size": 2048, "logits_scaling": 3.0, "residual_multiplier": 0.246, "mamba_d_head": 32, "mamba_n_heads": 48, "num_attention_heads": 12, "position_embedding_type": "nope", "max_position_embeddings": 32768"#
      ),
      "granite-hybrid 32x768 sequential v100352, rms(1e-05), tied, mlp2048 silu gated, 12/4x64, r0@10000, max32768, s0.015625, "
        + "at[10, 13, 17, 27], mamba2 48x32 g1 n128 c4 0.0...inf, x12.0 x0.246 /3.0, b100257 e[100257]"),
    Published(
      "granite-4.0-h-1b",
      granite(
        layers: 40, attention: [5, 15, 25, 35],
        #""attention_multiplier": 0.0078125, "hidden_size": 1536, "intermediate_size": 4096, "shared_intermediate_size": 4096, "logits_scaling": 6.0, "residual_multiplier": 0.22, "mamba_d_head": 64, "mamba_n_heads": 48, "num_attention_heads": 12, "position_embedding_type": "nope", "max_position_embeddings": 131072"#
      ),
      "granite-hybrid 40x1536 sequential v100352, rms(1e-05), tied, mlp4096 silu gated, 12/4x128, r0@10000, max131072, s0.0078125, "
        + "at[5, 15, 25, 35], mamba2 48x64 g1 n128 c4 0.0...inf, x12.0 x0.22 /6.0, b100257 e[100257]"),
    Published(
      "Bamba-9B",
      #"{"model_type": "bamba", "attention_bias": false, "attn_layer_indices": [9, 18, 27], "attn_rotary_emb": 64, "bos_token_id": 128000, "eos_token_id": 128001, "hidden_act": "silu", "hidden_size": 4096, "intermediate_size": 14336, "mamba_chunk_size": 256, "mamba_conv_bias": true, "mamba_d_conv": 4, "mamba_d_head": 64, "mamba_d_state": 128, "mamba_expand": 2, "mamba_n_groups": 1, "mamba_n_heads": 128, "mamba_proj_bias": false, "mlp_bias": false, "num_attention_heads": 32, "num_hidden_layers": 32, "num_key_value_heads": 8, "rms_norm_eps": 1e-05, "rope_scaling": null, "rope_theta": 10000.0, "tie_word_embeddings": false, "vocab_size": 128256}"#,
      "bamba 32x4096 sequential v128256, rms(1e-05), own, mlp14336 silu gated, 32/8x128, r64@10000, max262144, at[9, 18, 27], "
        + "mamba2 128x64 g1 n128 c4 0.0...inf, b128000 e[128001]"),
  ]

  /// A list of so many numbers.
  private static func numbers(_ count: Int, _ number: Double) -> String {
    "[" + Array(repeating: "\(number)", count: count).joined(separator: ", ") + "]"
  }

  private static func granite(layers: Int, attention: Set<Int>, _ rest: String) -> String {
    let types = (0..<layers).map { attention.contains($0) ? #""attention""# : #""mamba""# }.joined(separator: ", ")
    return
      #"{"model_type": "granitemoehybrid", "attention_bias": false, "bos_token_id": 100257, "embedding_multiplier": 12.0, "#
      + #""eos_token_id": 100257, "hidden_act": "silu", "layer_types": [\#(types)], "mamba_chunk_size": 256, "#
      + #""mamba_conv_bias": true, "mamba_d_conv": 4, "mamba_d_state": 128, "mamba_expand": 2, "mamba_n_groups": 1, "#
      + #""mamba_proj_bias": false, "num_experts_per_tok": 0, "num_hidden_layers": \#(layers), "num_key_value_heads": 4, "#
      + #""num_local_experts": 0, "rms_norm_eps": 1e-05, "rope_scaling": null, "rope_theta": 10000, "#
      + #""tie_word_embeddings": true, "vocab_size": 100352, \#(rest)}"#
  }
}
