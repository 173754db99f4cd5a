import Foundation
import MohawkLayers
import MohawkTensor
import Testing

@testable import MohawkMixers

/// Mamba against the module of transformers and an independent implementation in Python.
@Suite struct MambaGoldenTests {
  static let cases = ["stock", "biased", "decays"]
  static let types = [DType.float64, .float32]

  @Test(arguments: cases, types)
  func outputAndMatrixAreTheReferences(_ name: String, _ dtype: DType) throws {
    for block in [1, 4, 64] { try GoldenMamba.mamba(name, dtype, block: block).outputAndMatrixAreTheReferences() }
  }

  @Test(arguments: cases, types)
  func statesAreTheReferencesHoweverTheTokensCome(_ name: String, _ dtype: DType) throws {
    try GoldenMamba.mamba(name, dtype).statesAreTheReferences { ($0 as! MambaState).memory }
  }

  @Test(arguments: cases, types)
  func gradientsAreTheReferences(_ name: String, _ dtype: DType) throws {
    try GoldenMamba.mamba(name, dtype, block: 4).gradientsAreTheReferences()
  }
}

@Suite struct MambaTests {
  @Test func freshParametersAreThoseOfTheReleasedCode() {
    let build = ParameterBuild(DrawnParameters(RandomGenerator(seed: 3), .float64))
    let mixer = Mamba(MambaConfiguration(modelDim: 40), depth: 4, build.root / "mixer")
    let shapes = Dictionary(uniqueKeysWithValues: build.parameters.all.map { ($0.name, $0.value.shape) })
    #expect(
      shapes == [
        "mixer.in_proj.x": [80, 40], "mixer.in_proj.z": [80, 40], "mixer.conv1d.weight": [80, 1, 4],
        "mixer.conv1d.bias": [80], "mixer.x_proj.weight": [35, 80], "mixer.dt_proj.weight": [80, 3],
        "mixer.dt_proj.bias": [80], "mixer.A_log": [80, 16], "mixer.D": [80], "mixer.out_proj.weight": [40, 80],
      ])
    func value(_ name: String) -> Tensor { build.parameters["mixer." + name]!.value }
    let still = Set(build.parameters.all.filter { !$0.decays }.map(\.name))
    #expect(still == ["mixer.conv1d.bias", "mixer.dt_proj.bias", "mixer.A_log", "mixer.D"])
    let counted = (0..<80).flatMap { _ in (1...16).map { log(Double($0)) } }
    #expect(value("A_log").error(from: Tensor(counted, shape: [80, 16])) <= 1e-15)
    let steps = value("dt_proj.bias").softplus().doubles()
    #expect(
      steps.allSatisfy { $0 >= 0.001 && $0 < 0.1 } && steps.contains { $0 < 0.005 } && steps.contains { $0 > 0.02 })
    #expect(value("dt_proj.weight").abs().max().item() <= 1 / 3.0.squareRoot())
    #expect(value("out_proj.weight").abs().max().item() <= 0.5 / 80.0.squareRoot())
    #expect(mixer.heads == 80)
  }
}
