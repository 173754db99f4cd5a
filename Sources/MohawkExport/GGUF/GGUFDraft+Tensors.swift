import MohawkGGUF
import MohawkMixers
import MohawkModels

extension GGUFDraft {
  /// Adds the tensors under llama.cpp's names.
  mutating func addTensors() {
    add("token_embd.weight", parameter("embedding.weight"))
    if architecture == .gpt2 { add("position_embd.weight", parameter("positions.weight")) }
    addBoth("output_norm", from: "final_norm")
    addHead()
    addRotaryFactors()
    for (layer, own) in configuration.layers.enumerated() {
      addNorms(layer)
      switch own.mixer {
      case is AttentionConfiguration: addAttention(layer)
      case let mamba as Mamba2Configuration: addMamba2(layer, mamba)
      case let mamba as MambaConfiguration: addMamba(layer, mamba)
      default: preconditionFailure("no architecture has \(own.kind.rawValue)")
      }
      if let mlp = own.mlp { addMLP(layer, mlp) }
    }
    if hasIdleLayer, let mlp = configuration.sharedMLP { addIdleLayer(configuration.layers.count, mlp) }
  }

  /// The norms of a block, those that it has.
  private mutating func addNorms(_ layer: Int) {
    for (name, parameter) in [
      ("attn_norm", "norm"), ("post_attention_norm", "post_norm"), ("ffn_norm", "mlp_norm"),
      ("post_ffw_norm", "mlp_post_norm"),
    ] where has("layers.\(layer).\(parameter).weight") {
      addBoth("blk.\(layer).\(name)", from: "layers.\(layer).\(parameter)")
    }
  }

  private mutating func addHead() {
    // These do not take the embedding by themselves.
    if !configuration.tiesHead {
      add("output.weight", parameter("lm_head.weight"))
    } else if architecture == .phi2 || architecture == .gptNeoX || architecture == .olmo2 {
      add("output.weight", parameter("embedding.weight"))
    }
    if architecture == .phi2 { add("output.bias", parameter("lm_head.bias", orZeros: configuration.vocabulary)) }
  }

  private mutating func addMLP(_ layer: Int, _ mlp: DecoderConfiguration.MLP) {
    let (inner, outer) = ("layers.\(layer).", "blk.\(layer).")
    if architecture == .phi3 {
      add(outer + "ffn_up.weight", .joined(["gate", "up"].map { parameter("\(inner)mlp.\($0).weight") }))
      return addBoth(outer + "ffn_down", from: inner + "mlp.down")
    }
    if mlp.isGated {
      for part in ["gate", "up", "down"] { addBoth("\(outer)ffn_\(part)", from: "\(inner)mlp.\(part)") }
      return
    }
    for (name, parameter, rows) in [
      ("ffn_up", "fc1", mlp.width), ("ffn_down", "fc2", configuration.modelDim),
    ] {
      add("\(outer)\(name).weight", self.parameter("\(inner)mlp.\(parameter).weight"))
      add("\(outer)\(name).bias", self.parameter("\(inner)mlp.\(parameter).bias", orZeros: rows))
    }
  }

  /// A layer with attention whose mixer and MLP give 0: llama.cpp's hybrids must have one with a cache.
  private mutating func addIdleLayer(_ layer: Int, _ mlp: DecoderConfiguration.MLP) {
    let (outer, width, inner) = ("blk.\(layer).", configuration.modelDim, mlp.width)
    for norm in ["attn_norm", "ffn_norm"] { add("\(outer)\(norm).weight", .constant(1, [width])) }
    for (name, shape) in [
      ("attn_q", [attention.width, width]), ("attn_k", [attention.kvWidth, width]),
      ("attn_v", [attention.kvWidth, width]), ("attn_output", [width, attention.width]), ("ffn_gate", [inner, width]),
      ("ffn_up", [inner, width]), ("ffn_down", [width, inner]),
    ] {
      add("\(outer)\(name).weight", .constant(0, shape))
    }
  }
}
