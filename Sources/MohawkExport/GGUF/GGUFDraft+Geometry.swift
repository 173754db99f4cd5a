import MohawkGGUF
import MohawkLayers
import MohawkMixers
import MohawkModels

extension GGUFDraft {
  /// The attention of the file: the model's own, or that of the layer which stands in where there is none.
  var attention: AttentionConfiguration {
    configuration.sharedAttention ?? GraniteHybridFamily.idleAttention(configuration)
  }

  /// Whether the file ends with a layer that does nothing.
  var hasIdleLayer: Bool { architecture == .graniteHybrid && !configuration.hasAttention }

  var padding: GGUFPadding {
    guard architecture == .graniteHybrid, let mamba = configuration.shared(Mamba2Configuration.self) else {
      return .nothing
    }
    return GGUFPadding(mamba) ?? .nothing
  }

  /// Sets the keys from which llama.cpp knows the shapes.
  mutating func setGeometry() {
    setOwn("vocab_size", configuration.vocabulary)
    // Without attention there is no bound; this is what files of such models say.
    // llama.cpp chooses LongRoPE's factors by the context, which is this one unless somebody asks for another.
    let longest = min(attention.maxLength, attention.rotaryScaling.longest ?? .max)
    setOwn("context_length", configuration.learnedPositions ?? (hasAttentionKeys ? longest : 1 << 20))
    setOwn("embedding_length", configuration.modelDim)
    setOwn("block_count", configuration.layers.count + (hasIdleLayer ? 1 : 0))
    setOwn("feed_forward_length", configuration.sharedMLP?.width ?? 0)
    switch configuration.norm {
    case .rms(let epsilon): setOwn("attention.layer_norm_rms_epsilon", epsilon)
    case .layer(let epsilon): setOwn("attention.layer_norm_epsilon", epsilon)
    }
    // For those who want the model without what was added for llama.cpp's shapes.
    if hasIdleLayer { set("mohawk.idle_layers", .uint32(1)) }
    if padding.groups > 0 { set("mohawk.padding_groups", .uint32(UInt32(padding.groups))) }
    if hasAttentionKeys { setAttention() } else { setOwn("attention.head_count", 0) }
    if let mamba = configuration.shared(Mamba2Configuration.self) { setMamba2(mamba) }
    if let mamba = configuration.shared(MambaConfiguration.self) { setMamba(mamba) }
    if architecture == .gptNeoX { setOwn("use_parallel_residual", .bool(configuration.layout == .parallelNorms)) }
    if architecture == .granite || architecture == .graniteHybrid { setMultipliers() }
  }

  private var hasAttentionKeys: Bool { configuration.hasAttention || hasIdleLayer }

  private mutating func setAttention() {
    setOwn("attention.head_count", attention.heads)
    if architecture == .graniteHybrid {
      // Layers without keys are those with Mamba-2.
      let counts = configuration.layers.map { $0.attention?.kvHeads ?? 0 }
      let all = hasIdleLayer ? counts + [attention.kvHeads] : counts
      setOwn("attention.head_count_kv", .array(.uint32(all.map { UInt32($0) })))
    } else {
      setOwn("attention.head_count_kv", attention.kvHeads)
    }
    setOwn("attention.key_length", attention.headDim)
    setOwn("attention.value_length", attention.headDim)
    if architecture == .gpt2 { return }
    setOwn("rope.dimension_count", attention.rotaryDim == 0 ? attention.headDim : attention.rotaryDim)
    setOwn("rope.freq_base", attention.rotaryBase)
    setWindows()
    if case .longrope(_, _, let length, let magnitude) = attention.rotaryScaling {
      setOwn("rope.scaling.original_context_length", length)
      setOwn("rope.scaling.attn_factor", magnitude)
    }
    if case .linear(let factor) = attention.rotaryScaling {
      setOwn("rope.scaling.type", .string("linear"))
      setOwn("rope.scaling.factor", factor)
    }
    if case .yarn(let yarn) = attention.rotaryScaling {
      setOwn("rope.scaling.type", .string("yarn"))
      setOwn("rope.scaling.factor", yarn.factor)
      setOwn("rope.scaling.original_context_length", Int(yarn.originalLength))
    }
  }

  /// What architectures with windows in some layers are told, and the caps of Gemma 2.
  private mutating func setWindows() {
    switch architecture {
    case .gemma2:
      setOwn("attn_logit_softcapping", attention.scoreCap ?? 0)
      setOwn("final_logit_softcapping", configuration.logitCap ?? 0)
    case .gemma3: setOwn("rope.freq_base_swa", (configuration.attentionByKind?.local ?? attention).rotaryBase)
    case .olmo2: break
    default: return
    }
    if let window = attention.window { setOwn("attention.sliding_window", window) }
  }

  private mutating func setMamba2(_ mamba: Mamba2Configuration) {
    setOwn("ssm.conv_kernel", mamba.convWidth)
    setOwn("ssm.inner_size", mamba.innerDim + padding.channels)
    setOwn("ssm.state_size", mamba.stateDim)
    setOwn("ssm.group_count", mamba.groups + padding.groups)
    setOwn("ssm.time_step_rank", mamba.heads + padding.heads)
  }

  private mutating func setMamba(_ mamba: MambaConfiguration) {
    setOwn("ssm.conv_kernel", mamba.convWidth)
    setOwn("ssm.inner_size", mamba.innerDim)
    setOwn("ssm.state_size", mamba.stateDim)
    setOwn("ssm.time_step_rank", mamba.timeStepRank)
    setOwn("ssm.dt_b_c_rms", .bool(false))
  }

  private mutating func setMultipliers() {
    let multipliers = configuration.multipliers
    if multipliers.embedding != 1 { setOwn("embedding_scale", multipliers.embedding) }
    if multipliers.residual != 1 { setOwn("residual_scale", multipliers.residual) }
    if multipliers.logits != 1 || architecture == .granite { setOwn("logit_scale", multipliers.logits) }
    if let scale = attention.scale { setOwn("attention.scale", scale) }
    // In these architectures the key is the switch of the rotary positions.
    setOwn("rope.scaling.finetuned", .bool(configuration.hasAttention && attention.rotaryDim > 0))
  }
}
