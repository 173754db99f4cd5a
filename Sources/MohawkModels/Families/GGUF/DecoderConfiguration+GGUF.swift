import MohawkFiles
import MohawkGGUF
import MohawkLayers
import MohawkMixers
import MohawkWeights

extension DecoderConfiguration {
  /// The geometry that a GGUF file describes, in the nearest format of a folder.
  ///
  /// Sizes that tensors have are taken from them, so that nothing is larger than the file.
  /// - Throws: `MohawkError` when the architecture is not known, a tensor has a type that is not read, or a key asks for
  ///   what is not supported.
  public init(_ weights: GGUFWeights) throws {
    self = try GGUFGeometry(weights).configuration()
  }
}

/// What the metadata and the shapes of a file say of its model.
struct GGUFGeometry {
  let weights: GGUFWeights
  let metadata: GGUFMetadata
  /// Layers of the model, without one that does nothing.
  let layers: Int
  let vocabulary: Int
  let modelDim: Int

  var family: GGUFFamily { metadata.family }

  init(_ weights: GGUFWeights) throws {
    self.weights = weights
    metadata = try GGUFMetadata(weights.metadata)
    try weights.checkReadable()
    modelDim = try metadata.integer("embedding_length")
    guard let embedding = weights.info("token_embd.weight"), embedding.shape.count == 2, embedding.shape[1] == modelDim,
      (1...1 << 24).contains(embedding.shape[0])
    else {
      throw metadata.failure(
        .mismatch, "the file has no matrix token_embd.weight with rows of \(modelDim) numbers",
        remedy: "check that this is the file of a whole model")
    }
    vocabulary = embedding.shape[0]
    // Every layer has tensors of its own.
    let count = try metadata.integer("block_count", in: 1...10_000)
    guard count <= weights.names.count else {
      throw metadata.failure(
        .mismatch, "the file has \(weights.names.count) tensors for \(count) layers",
        remedy: "check that this is the file of a whole model")
    }
    let idle = try weights.metadata.integer(Self.idleKey) ?? 0
    guard idle == 0 || idle == 1 && count > 1 && metadata.family == .graniteHybrid else {
      throw metadata.failure(.invalidValue, "the key \(Self.idleKey) is \(idle), which no model here has")
    }
    layers = count - idle
  }

  /// Layers at the end that do nothing, because llama.cpp needs one with attention.
  static let idleKey = "mohawk.idle_layers"
  /// Groups of zeros behind those of the Mamba-2 mixers.
  static let paddingKey = "mohawk.padding_groups"

  func has(_ name: String) -> Bool { weights.info(name) != nil }

  func configuration() throws -> DecoderConfiguration {
    let norm: Norm.Kind =
      family.hasLayerNorm
      ? .layer(epsilon: try epsilon("attention.layer_norm_epsilon"))
      : .rms(epsilon: try epsilon("attention.layer_norm_rms_epsilon"))
    let isPure = family == .mamba || family == .mamba2
    let (layout, mlp) = (try self.layout(), isPure ? nil : try self.mlp())
    let kinds = try self.kinds()
    let attention = kinds.contains(where: \.isAttention) ? try self.attention(kinds, norm.epsilon) : nil
    let mamba2 = kinds.contains(.mamba2) ? try self.mamba2(epsilon: norm.epsilon) : nil
    let mamba = kinds.contains(.mamba) ? try self.mamba() : nil
    let mixers: [any MixerGeometry] = kinds.map { kind in
      if let mamba2, kind == .mamba2 { return mamba2 }
      if let mamba, kind == .mamba { return mamba }
      guard var attention else { preconditionFailure("no architecture has \(kind.rawValue)") }
      if kind == .attention { attention.window = nil }
      return attention
    }
    var result = DecoderConfiguration(
      format: family.formats[0], vocabulary: vocabulary, modelDim: modelDim,
      layers: mixers.map { DecoderLayer($0, mlp: mlp, layout: layout, norms: family.normPlaces) }, norm: norm)
    try setPositionsByLayer(&result)
    if family.isGemma {
      result.multipliers.embedding = Double(modelDim).squareRoot()
      result.multipliers.roundsEmbedding = true
    }
    if family == .gemma2 { result.logitCap = try metadata.cap("final_logit_softcapping", default: 30) }
    if family == .gpt2 { result.learnedPositions = attention?.maxLength }
    result.tiesHead = !has("output.weight")
    result.headBias = has("output.bias")
    if family.hasMultipliers {
      func scale(_ key: String) throws -> Double {
        let value = try metadata.number(key, default: 1)
        return value == 0 ? 1 : value
      }
      result.multipliers.embedding = try scale("embedding_scale")
      result.multipliers.residual = try scale("residual_scale")
      result.multipliers.logits = try scale("logit_scale")
    }
    result.tokens = try tokenRoles()
    let formats = family.formats + [.mohawk]
    result.format = formats.first { result.unsupportedFeature(in: $0) == nil } ?? family.formats[0]
    return result
  }

  private func epsilon(_ key: String) throws -> Double {
    let value = try metadata.number(key)
    guard (0...1).contains(value) else {
      throw metadata.failure(.invalidValue, "the key \(metadata.name(key)) is \(value), not between 0 and 1")
    }
    return value
  }

  private func layout() throws -> DecoderConfiguration.Layout {
    switch family {
    case .mamba, .mamba2: .mixerOnly
    case .phi2: .parallel
    case .gptNeoX: try metadata.bool("use_parallel_residual", default: true) ? .parallelNorms : .sequential
    default: .sequential
    }
  }

  private func mlp() throws -> DecoderConfiguration.MLP {
    guard let up = weights.info("blk.0.ffn_up.weight"), up.shape.count == 2, (1...1 << 24).contains(up.shape[0]) else {
      let experts = has("blk.0.ffn_up_exps.weight") || has("blk.0.ffn_gate_inp.weight")
      throw metadata.failure(
        experts ? .unsupported : .mismatch,
        experts ? "the model has experts, which are not supported" : "the file has no matrix blk.0.ffn_up.weight",
        remedy: experts ? "use a model without experts" : "check that this is the file of a whole model")
    }
    // llama.cpp computes the GELU of GPT-NeoX by tanh; the models were trained with the exact one.
    let isTanh = family.hasLayerNorm || family.isGemma
    let activation: Activation = family == .gptNeoX ? .gelu : isTanh ? .geluTanh : .silu
    guard family != .phi3 || up.shape[0].isMultiple(of: 2) else {
      throw metadata.failure(.mismatch, "the matrix blk.0.ffn_up.weight has no two halves")
    }
    return .init(
      width: family == .phi3 ? up.shape[0] / 2 : up.shape[0], activation: activation, isGated: !family.hasLayerNorm,
      bias: family.hasLayerNorm || has("blk.0.ffn_up.bias"))
  }

  private func kinds() throws -> [MixerKind] {
    switch family {
    case .mamba: return Array(repeating: .mamba, count: layers)
    case .mamba2: return Array(repeating: .mamba2, count: layers)
    case .graniteHybrid:
      guard let heads = try metadata.perLayer("attention.head_count_kv", layers) else {
        return Array(repeating: .attention, count: layers)
      }
      return heads.map { $0 == 0 ? .mamba2 : .attention }
    default:
      let windowed = try metadata.windows(layers)?.layers ?? []
      return (0..<layers).map { windowed.contains($0) ? .windowedAttention : .attention }
    }
  }

  private func tokenRoles() throws -> TokenRoles {
    func id(_ name: String) throws -> Int? {
      guard let id = try weights.metadata.integer("tokenizer.ggml.\(name)_token_id") else { return nil }
      // Some files write the highest number for none.
      return (0..<vocabulary).contains(id) ? id : nil
    }
    var roles = TokenRoles()
    roles.beginning = try id("bos")
    roles.padding = try id("padding")
    for name in ["eos", "eot", "eom"] {
      if let end = try id(name), !roles.ends.contains(end) { roles.ends.append(end) }
    }
    return roles
  }
}
