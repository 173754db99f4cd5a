import Foundation
import MohawkFiles
import MohawkMixers

extension ModelJSON {
  /// What step sizes are limited to: two numbers, of which the last may be infinite in any of the ways that files have.
  func timeStepLimit(_ key: String = "time_step_limit") throws -> ClosedRange<Double> {
    guard has(key) else { return 0...Double.infinity }
    func number(_ value: Any) -> Double? {
      if let number = value as? NSNumber { return number.doubleValue }
      let text = (value as? [String: Any])?["__float__"] as? String ?? value as? String
      return text == "Infinity" ? .infinity : nil
    }
    guard let pair = object[key] as? [Any], pair.count == 2, let low = number(pair[0]),
      let high = number(pair[1]), (0..<Self.unreachable).contains(low), high > low
    else {
      throw MohawkError(
        .invalidValue, "'\(key)' is \(Self.short(object[key] ?? "")), not two rising numbers", at: path)
    }
    // Files that cannot say infinity say a number that softplus never reaches.
    return low...(high >= Self.unreachable ? .infinity : high)
  }

  /// No step size comes near.
  private static let unreachable = 1e8

  /// Which layers of a hybrid mix by Mamba-2, under the names of all ages.
  func hybridLayers(_ key: String, _ count: Int) throws -> [DecoderConfiguration.Mixer] {
    let types = try strings(key)
    guard types.count == count else {
      throw MohawkError(.invalidValue, "'\(key)' names \(types.count) of \(count) layers", at: path)
    }
    return try types.map { type in
      switch type {
      case "mamba", "linear_attention": return .mamba2
      case "attention", "full_attention": return .attention
      default: throw MohawkError(.unsupported, "the layer type '\(type)' is not known", at: "\(path): \(key)")
      }
    }
  }

  /// The Mamba-2 layers of Granite and Bamba.
  func hybridMamba2(_ modelDim: Int, epsilon: Double) throws -> Mamba2Configuration {
    guard try activation(default: "silu") == .silu else {
      throw MohawkError(.unsupported, "'hidden_act' other than silu is not supported for Mamba-2", at: path)
    }
    let heads = try integer("mamba_n_heads", default: 128)
    let inner = try size(try integer("mamba_expand", default: 2) * modelDim, "Mamba-2's width")
    let isAutomatic = !has("mamba_d_head") || object["mamba_d_head"] as? String == "auto"
    let headDim = isAutomatic ? inner / heads : try integer("mamba_d_head")
    let groups = try integer("mamba_n_groups", default: 1)
    guard heads * headDim == inner, heads.isMultiple(of: groups) else {
      throw MohawkError(
        .invalidValue, "\(heads) heads of \(headDim) in \(groups) groups do not fit \(inner) channels of Mamba-2",
        at: path)
    }
    guard try !bool("mamba_proj_bias", default: false) else {
      throw MohawkError(.unsupported, "'mamba_proj_bias' is true, which is not supported", at: path)
    }
    return Mamba2Configuration(
      modelDim: modelDim, heads: heads, headDim: headDim, groups: groups,
      stateDim: try integer("mamba_d_state", default: 256, in: 1...65_536),
      convWidth: try integer("mamba_d_conv", default: 4, in: 2...64),
      chunk: try integer("mamba_chunk_size", default: 256, in: 1...65_536), normGroups: groups, normEpsilon: epsilon,
      convolutionBias: try bool("mamba_conv_bias", default: true), timeStepLimit: try timeStepLimit())
  }
}

extension DecoderConfiguration {
  /// The names of hybrids of attention and Mamba-2 in transformers.
  /// - Parameters:
  ///   - finalNorm: of the norm before the head.
  ///   - mlpNorm: of the norm before an MLP.
  ///   - addMLP: adds the names of an MLP, from those of its layer here to those there.
  func hybridKeys(
    finalNorm: String, mlpNorm: String, addMLP: (inout KeyTable, _ mlp: MLP, _ inner: String, _ outer: String) -> Void
  ) -> KeyTable {
    var table = KeyTable()
    table.map(["final_norm.weight": "model.\(finalNorm).weight"])
    table.mapVocabulary(embedding: "model.embed_tokens.weight", head: "lm_head.weight", isTied: tiesHead)
    table.allowWithout("model.")
    table.countLayers(layers.count, under: "model.layers.")
    for (index, layer) in layers.enumerated() {
      let inner = "layers.\(index)."
      let outer = "model." + inner
      table.map(
        ["norm.weight": "input_layernorm.weight", "mlp_norm.weight": mlpNorm + ".weight"], from: inner, to: outer)
      if let mlp = layer.mlp { addMLP(&table, mlp, inner, outer) }
      table.addAttention(layer.attention, from: inner + "attention.", to: outer + "self_attn.")
      if let mamba = layer.mixer as? Mamba2Configuration {
        table.addMamba2(mamba, from: inner + "mixer.", to: outer + "mamba.")
      }
    }
    return table
  }
}

extension Mamba2Configuration {
  /// The keys of Granite and Bamba.
  var hybridJSON: [String: Any] {
    [
      "mamba_n_heads": heads, "mamba_d_head": headDim, "mamba_n_groups": groups, "mamba_d_state": stateDim,
      "mamba_d_conv": convWidth, "mamba_expand": innerDim / modelDim, "mamba_chunk_size": chunk,
      "mamba_conv_bias": convolutionBias, "mamba_proj_bias": false, "time_step_limit": timeStepLimitJSON,
    ]
  }

  /// Infinity is no JSON number; softplus never reaches 10⁹.
  var timeStepLimitJSON: [Double] {
    [timeStepLimit.lowerBound, timeStepLimit.upperBound < .infinity ? timeStepLimit.upperBound : 1e9]
  }
}

extension KeyTable {
  /// A Mamba-2 mixer under the names of its authors and of transformers.
  mutating func addMamba2(_ mamba: Mamba2Configuration, from inner: String, to outer: String) {
    let rows = [
      ("z", mamba.innerDim), ("x", mamba.innerDim), ("bc", mamba.bcDim), ("dt", mamba.heads),
    ]
    join(rows.map { (inner + "in_proj." + $0.0, $0.1) }, to: outer + "in_proj.weight")
    if mamba.projectionBias {
      join(rows.map { (inner + "in_proj.bias." + $0.0, $0.1) }, to: outer + "in_proj.bias")
    }
    for part in mamba.convolutionBias ? ["weight", "bias"] : ["weight"] {
      join(
        [(inner + "conv1d.x." + part, mamba.innerDim), (inner + "conv1d.bc." + part, mamba.bcDim)],
        to: outer + "conv1d." + part)
    }
    map(
      ["A_log": "A_log", "D": "D", "dt_bias": "dt_bias", "out_proj.weight": "out_proj.weight"], from: inner, to: outer)
    if mamba.projectionBias { map(inner + "out_proj.bias", to: outer + "out_proj.bias") }
    if mamba.normGroups != nil { map(inner + "norm.weight", to: outer + "norm.weight") }
  }
}

extension Mamba2Configuration: KeyedGeometry {
  init(_ json: ModelJSON, modelDim: Int) throws {
    let (heads, groups) = (try json.integer("heads"), try json.integer("groups"))
    let normGroups = try json.integer("norm_groups", default: 0, in: 0...1 << 24)
    let headDim = try json.integer("head_dim", in: 1...65_536)
    guard heads.isMultiple(of: groups), heads <= 1 << 24 / headDim,
      normGroups == 0 || (heads * headDim).isMultiple(of: normGroups)
    else {
      throw MohawkError(
        .invalidValue, "\(heads) heads, \(groups) groups and \(normGroups) groups of the norm do not fit", at: json.path
      )
    }
    self.init(
      modelDim: modelDim, heads: heads, headDim: headDim, groups: groups,
      stateDim: try json.integer("state", in: 1...65_536), convWidth: try json.integer("convolution", in: 2...64),
      chunk: try json.integer("chunk", in: 1...65_536), normGroups: normGroups == 0 ? nil : normGroups,
      normEpsilon: try json.epsilon("norm_epsilon", default: 1e-5),
      projectionBias: try json.bool("projection_bias", default: false),
      convolutionBias: try json.bool("convolution_bias", default: true), timeStepLimit: try json.timeStepLimit())
  }

  var keyed: [String: Any] {
    [
      "heads": heads, "head_dim": headDim, "groups": groups, "state": stateDim, "convolution": convWidth,
      "chunk": chunk, "norm_groups": normGroups ?? 0, "norm_epsilon": normEpsilon,
      "projection_bias": projectionBias, "convolution_bias": convolutionBias, "time_step_limit": timeStepLimitJSON,
    ]
  }
}
