import MohawkFiles
import MohawkLayers
import MohawkMixers

// Heads that keep attention differ between layers: `KeptHeadTable` has them.
extension DiscreteMamba2Configuration: KeyedGeometry {
  init(_ json: ModelJSON, modelDim: Int) throws {
    let vHeads = try json.integer("v_heads")
    let qkHeads = try json.integer("qk_heads")
    guard vHeads.isMultiple(of: qkHeads), modelDim.isMultiple(of: vHeads) else {
      throw MohawkError(
        .invalidValue, "\(vHeads) heads of x do not fit \(qkHeads) heads of B and width \(modelDim)", at: json.path)
    }
    self.init(
      modelDim: modelDim, qkHeads: qkHeads, vHeads: vHeads, stateDim: try json.integer("state", in: 1...65_536),
      convWidth: try json.integer("convolution", in: 2...64), chunk: try json.integer("chunk", in: 1...65_536),
      window: try json.object("window").map { try WindowConfiguration($0, heads: vHeads) })
  }

  var keyed: [String: Any] {
    var object: [String: Any] = [
      "v_heads": vHeads, "qk_heads": qkHeads, "state": stateDim, "convolution": convWidth, "chunk": chunk,
    ]
    object["window"] = window?.keyed
    return object
  }
}

extension WindowConfiguration {
  init(_ json: ModelJSON, heads: Int) throws {
    let kvHeads = try json.integer("kv_heads")
    let headDim = try json.integer("head_dim", in: 1...65_536)
    guard heads.isMultiple(of: kvHeads), heads <= 1 << 24 / headDim else {
      throw MohawkError(
        .invalidValue, "\(heads) heads of \(headDim) dimensions do not fit \(kvHeads) heads of keys", at: json.path)
    }
    let rotary = try json.rotary(base: 10_000, fraction: 1, length: 2048)
    let rotaryDim = try AttentionConfiguration.rotaryDim(headDim, rotary.fraction, at: json.path)
    let scale = json.has("scale") ? try json.number("scale") : nil
    self.init(
      tokens: try json.integer("tokens", in: 1...16_384), sinks: try json.integer("sinks", default: 0, in: 0...16_384),
      kvHeads: kvHeads, headDim: headDim, rotaryDim: rotaryDim, rotaryBase: rotary.base,
      rotaryScaling: rotary.scaling, bias: try json.bool("bias", default: false), scale: scale)
    if json.has("head_norm_epsilon") { headNormEpsilon = try json.epsilon("head_norm_epsilon", default: 1e-6) }
  }

  var keyed: [String: Any] {
    var object = ModelJSON.rotary(rotaryDim, headDim, rotaryBase, rotaryScaling)
    object.merge([
      "tokens": tokens, "sinks": sinks, "kv_heads": kvHeads, "head_dim": headDim,
      "bias": bias,
    ]) { $1 }
    object["scale"] = scale
    object["head_norm_epsilon"] = headNormEpsilon
    return object
  }
}
