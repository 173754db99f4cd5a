import Foundation
import MohawkLayers
import MohawkTensor

@testable import MohawkMixers

/// One case of `discrete_mamba2.safetensors`: a mixer under the authors' names and what an independent implementation
/// computes with it (`Scripts/goldens/README.md`).
struct GoldenMixer {
  static let file = try! SafetensorsFile(
    Bundle.module.path(forResource: "Goldens/discrete_mamba2", ofType: "safetensors")!)

  let name: String
  let dtype: DType
  let mixer: DiscreteMamba2
  let parameters: ParameterList

  init(_ name: String, _ dtype: DType, chunk: Int = 8) throws {
    self.name = name
    self.dtype = dtype
    let shape = DiscreteMamba2Configuration(
      modelDim: 24, qkHeads: name == "grouped" ? 2 : 4, vHeads: 4, stateDim: 6, chunk: chunk)
    let source = GoldenWeights(file: Self.file, prefix: name + ".weight.", dtype: dtype, rows: Self.rows(shape))
    let build = ParameterBuild(source)
    mixer = DiscreteMamba2(shape, build.root / "mixer")
    try build.finish()
    parameters = build.parameters
  }

  /// A result in this case's type; `shared` ones do not depend on the type.
  func golden(_ key: String) throws -> Tensor {
    try Self.file.tensor("\(name).\(dtype == .float64 ? "f64" : "f32").\(key)")
  }
  func shared(_ key: String) throws -> Tensor { try Self.file.tensor("\(name).\(key)") }
  func has(_ key: String) -> Bool { Self.file.entries["\(name).\(dtype == .float64 ? "f64" : "f32").\(key)"] != nil }
  func input() throws -> Tensor { try shared("input").to(dtype) }

  /// The authors' tensors and the parameters that are their rows, in order.
  static func rows(_ shape: DiscreteMamba2Configuration) -> GoldenWeights.Rows {
    let d = shape.modelDim
    return [
      (
        "in_proj.weight",
        [("in_proj.x", d), ("in_proj.bc", shape.bcDim), ("in_proj.z", d), ("in_proj.a_log", shape.vHeads)]
      ),
      ("conv1d.weight", [("conv1d.x.weight", d), ("conv1d.bc.weight", shape.bcDim)]),
      ("conv1d.bias", [("conv1d.x.bias", d), ("conv1d.bc.bias", shape.bcDim)]),
      ("z_bias", [("z_bias", d)]), ("D", [("D", shape.vHeads)]), ("out_proj.weight", [("out_proj.weight", d)]),
    ]
  }

  /// The gradients of the parameters under the authors' names.
  func gathered(_ gradients: [Tensor?]) -> [String: Tensor] {
    GoldenWeights.gathered(gradients, of: parameters, Self.rows(mixer.configuration))
  }
}
