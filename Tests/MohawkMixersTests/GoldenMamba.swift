import Foundation
import MohawkLayers
import MohawkTensor
import Testing

@testable import MohawkMixers

/// One case of `mamba2.safetensors`, `mamba.safetensors` (`Scripts/goldens/mamba_goldens.py`),
/// `gated_delta_net.safetensors` (`delta_net_goldens.py`), `kimi_delta.safetensors`, `gated_linear.safetensors`
/// (`channel_decay_goldens.py`) or `linear_attention.safetensors` (`linear_attention_goldens.py`): a mixer with a checkpoint's weights, and what another project and an independent fp64
/// implementation compute with it.
struct GoldenMamba {
  let file: SafetensorsFile
  let name: String
  let dtype: DType
  let rows: GoldenWeights.Rows
  let mixer: any CausalMixer
  let parameters: ParameterList

  private init(
    _ fileName: String, _ name: String, _ dtype: DType, _ rows: GoldenWeights.Rows,
    _ make: (ParameterScope) -> any CausalMixer
  ) throws {
    file = try SafetensorsFile(Bundle.module.path(forResource: "Goldens/" + fileName, ofType: "safetensors")!)
    (self.name, self.dtype, self.rows) = (name, dtype, rows)
    let build = ParameterBuild(GoldenWeights(file: file, prefix: name + ".weight.", dtype: dtype, rows: rows))
    mixer = make(build.root / "mixer")
    try build.finish()
    parameters = build.parameters
  }

  static func mamba2(_ name: String, _ dtype: DType, chunk: Int = 8) throws -> GoldenMamba {
    let twoGroups = ["grouped", "granite", "whole"].contains(name)
    let limited = name == "grouped"
    let shape = Mamba2Configuration(
      modelDim: 12, heads: 4, headDim: 3, groups: twoGroups ? 2 : 1, stateDim: 5, chunk: chunk,
      normGroups: twoGroups && name != "whole" ? 2 : 1, projectionBias: limited, convolutionBias: name != "bamba",
      timeStepLimit: limited ? 0.1...0.4 : 0...Double.infinity)
    let (inner, bc) = (shape.innerDim, shape.bcDim)
    let rows: GoldenWeights.Rows = [
      ("in_proj.weight", [("in_proj.z", inner), ("in_proj.x", inner), ("in_proj.bc", bc), ("in_proj.dt", 4)]),
      (
        "in_proj.bias",
        [("in_proj.bias.z", inner), ("in_proj.bias.x", inner), ("in_proj.bias.bc", bc), ("in_proj.bias.dt", 4)]
      ),
      ("conv1d.weight", [("conv1d.x.weight", inner), ("conv1d.bc.weight", bc)]),
      ("conv1d.bias", [("conv1d.x.bias", inner), ("conv1d.bc.bias", bc)]), ("A_log", [("A_log", 4)]),
      ("dt_bias", [("dt_bias", 4)]), ("D", [("D", 4)]), ("norm.weight", [("norm.weight", inner)]),
      ("out_proj.weight", [("out_proj.weight", 12)]), ("out_proj.bias", [("out_proj.bias", 12)]),
    ]
    return try GoldenMamba("mamba2", name, dtype, rows) { Mamba2(shape, $0) }
  }

  static func mamba(_ name: String, _ dtype: DType, block: Int = 8) throws -> GoldenMamba {
    let biased = name == "biased"
    let shape = MambaConfiguration(
      modelDim: 6, innerDim: 12, stateDim: 5, timeStepRank: 3, block: block, projectionBias: biased,
      convolutionBias: !biased)
    let whole = [("conv1d.weight", 12), ("conv1d.bias", 12), ("x_proj.weight", 13), ("dt_proj.weight", 12)]
    let more = [("dt_proj.bias", 12), ("A_log", 12), ("D", 12), ("out_proj.weight", 6), ("out_proj.bias", 6)]
    let rows: GoldenWeights.Rows =
      [
        ("in_proj.weight", [("in_proj.x", 12), ("in_proj.z", 12)]),
        ("in_proj.bias", [("in_proj.bias.x", 12), ("in_proj.bias.z", 12)]),
      ] + (whole + more).map { (key: $0.0, parts: [(name: $0.0, rows: $0.1)]) }
    return try GoldenMamba("mamba", name, dtype, rows) { Mamba(shape, $0) }
  }

  static func gatedDeltaNet(_ name: String, _ dtype: DType, chunk: Int = 8) throws -> GoldenMamba {
    let shape = GatedDeltaNetConfiguration(
      modelDim: 12, heads: 4, headDim: 3, qkHeads: name == "grouped" ? 2 : 4, stateDim: 5, chunk: chunk)
    let (keys, values) = (shape.keyDim, shape.innerDim)
    let whole = [
      ("in_proj.q", keys), ("in_proj.k", keys), ("in_proj.v", values), ("in_proj.z", values), ("in_proj.b", 4),
      ("in_proj.a", 4), ("conv1d.q.weight", keys), ("conv1d.k.weight", keys), ("conv1d.v.weight", values),
      ("A_log", 4), ("dt_bias", 4), ("norm.weight", 3), ("out_proj.weight", 12),
    ]
    return try GoldenMamba("gated_delta_net", name, dtype, rows(whole)) { GatedDeltaNet(shape, $0) }
  }

  static func kimiDelta(_ name: String, _ dtype: DType) throws -> GoldenMamba {
    let shape = KimiDeltaConfiguration(
      modelDim: 12, heads: 4, headDim: 3, qkHeads: name == "grouped" ? 2 : 4, stateDim: 5, gateRank: 4)
    let (keys, values) = (shape.qkHeads * shape.stateDim, shape.innerDim)
    let whole = [
      ("in_proj.q", keys), ("in_proj.k", keys), ("in_proj.v", values), ("in_proj.f", 4), ("in_proj.b", 4),
      ("in_proj.g", 4), ("conv1d.q.weight", keys), ("conv1d.k.weight", keys), ("conv1d.v.weight", values),
      ("f_proj.weight", 20), ("g_proj.weight", values), ("g_proj.bias", values), ("A_log", 4), ("dt_bias", 20),
      ("norm.weight", 3), ("out_proj.weight", 12),
    ]
    return try GoldenMamba("kimi_delta", name, dtype, rows(whole)) { KimiDelta(shape, $0) }
  }

  static func gatedLinear(_ name: String, _ dtype: DType) throws -> GoldenMamba {
    let shape = GatedLinearConfiguration(
      modelDim: 12, heads: 4, headDim: 3, qkHeads: name == "grouped" ? 2 : 4, stateDim: 5, gateRank: 4)
    let (keys, values) = (shape.qkHeads * shape.stateDim, shape.innerDim)
    let whole = [
      ("in_proj.q", keys), ("in_proj.k", keys), ("in_proj.v", values), ("in_proj.z", values), ("in_proj.f", 4),
      ("f_proj.weight", 20), ("f_proj.bias", 20), ("norm.weight", 3), ("out_proj.weight", 12),
    ]
    return try GoldenMamba("gated_linear", name, dtype, rows(whole)) { GatedLinear(shape, $0) }
  }

  static func linear(_ name: String, _ dtype: DType) throws -> GoldenMamba {
    switch name {
    case "identity": try linear(IdentityMap.self, name, dtype, qkHeads: 4, rotaryDim: 0)
    case "elu": try linear(ELUMap.self, name, dtype, qkHeads: 2, rotaryDim: 4)
    default: try linear(HedgehogMap.self, name, dtype, qkHeads: 4, rotaryDim: 4)
    }
  }

  private static func linear<Map: FeatureMap>(
    _ map: Map.Type, _ name: String, _ dtype: DType, qkHeads: Int, rotaryDim: Int
  ) throws -> GoldenMamba {
    let shape = LinearAttentionConfiguration<Map>(
      modelDim: 12, heads: 4, headDim: 3, qkHeads: qkHeads, stateDim: 6, rotaryDim: rotaryDim, rotaryBase: 100,
      chunk: 4)
    let whole = [
      ("in_proj.q", qkHeads * 6), ("in_proj.k", qkHeads * 6), ("in_proj.v", 12), ("feature_map.q", qkHeads),
      ("feature_map.k", qkHeads), ("norm.weight", 3), ("out_proj.weight", 12),
    ]
    return try GoldenMamba("linear_attention", name, dtype, rows(whole)) { LinearAttention<Map>(shape, $0) }
  }

  /// Parameters that have a tensor each.
  private static func rows(_ whole: [(String, Int)]) -> GoldenWeights.Rows {
    whole.map { (key: $0.0, parts: [(name: $0.0, rows: $0.1)]) }
  }

  func golden(_ key: String) throws -> Tensor { try file.tensor("\(name).\(key)") }
  func has(_ key: String) -> Bool { file.entries["\(name).\(key)"] != nil }
  func input() throws -> Tensor { try golden("input").to(dtype) }

  func outputAndMatrixAreTheReferences() throws {
    let x = try input()
    #expect(try mixer(x).error(from: golden("output")) <= dtype.tolerance)
    #expect(try mixer.matrix(of: x).error(from: golden("matrix")) <= dtype.tolerance)
    for theirs in ["transformers.output", "fla.output"] where has(theirs) {
      // In fp32 on both sides; the files' own distance from fp64 is about 5e-7.
      #expect(try mixer(x).error(from: golden(theirs)) <= 3e-6)
    }
  }

  func statesAreTheReferences(_ memory: (any MixerState) -> Tensor) throws {
    let x = try input()
    for pieces in [[7, 6], [1, 6, 6], [6, 1, 5, 1], Array(repeating: 1, count: 13)] {
      let state = mixer.emptyState(batch: 2)
      var outputs: [Tensor] = []
      for piece in x.split(pieces, 1) {
        outputs.append(mixer.advance(piece, state))
        guard state.position == 7 else { continue }
        #expect(try memory(state).error(from: golden("prefix_state")) <= dtype.tolerance, "\(pieces)")
      }
      #expect(try memory(state).error(from: golden("final_state")) <= dtype.tolerance, "\(pieces)")
      for theirs in ["transformers.final_state", "fla.final_state"] where has(theirs) {
        #expect(try memory(state).error(from: golden(theirs)) <= 3e-6, "\(pieces)")
      }
      #expect(try Tensor.concatenated(outputs, 1).error(from: golden("output")) <= dtype.tolerance, "\(pieces)")
    }
  }

  /// - Parameter factor: how many times the type's tolerance gradients may be off.
  func gradientsAreTheReferences(within factor: Double = 4) throws {
    let leaf = try input().leaf()
    let leaves = parameters.train { _ in true }.map(\.value) + [leaf]
    let gradients = mixer(leaf).gradients(of: leaves, try file.tensor("cotangent").to(dtype))
    var found = GoldenWeights.gathered(gradients.dropLast(), of: parameters, rows)
    found["input"] = gradients.last!
    let prefix = "\(name).grad_of_output."
    let expected = Set(file.entries.keys.filter { $0.hasPrefix(prefix) }.map { String($0.dropFirst(prefix.count)) })
    #expect(Set(found.keys) == expected && expected.count >= 5)
    for (key, gradient) in found {
      #expect(try gradient.error(from: golden("grad_of_output." + key)) <= factor * dtype.tolerance, "by \(key)")
    }
  }
}
