import Foundation
import MohawkLayers
import MohawkTensor
import Testing

@testable import MohawkMixers

@Suite struct Mamba2Tests {
  private func fresh(_ configuration: Mamba2Configuration, depth: Int = 1, _ dtype: DType = .float32)
    -> (mixer: Mamba2, parameters: ParameterList)
  {
    let build = ParameterBuild(DrawnParameters(RandomGenerator(seed: 3), dtype))
    return (Mamba2(configuration, depth: depth, build.root / "mixer"), build.parameters)
  }

  @Test func parametersAreThoseThatWereAskedFor() {
    let plain = fresh(Mamba2Configuration(modelDim: 32, heads: 4, headDim: 16, groups: 2, stateDim: 8)).parameters
    let shapes = Dictionary(uniqueKeysWithValues: plain.all.map { ($0.name, $0.value.shape) })
    #expect(
      shapes == [
        "mixer.in_proj.x": [64, 32], "mixer.in_proj.bc": [32, 32], "mixer.in_proj.z": [64, 32],
        "mixer.in_proj.dt": [4, 32], "mixer.conv1d.x.weight": [64, 1, 4], "mixer.conv1d.x.bias": [64],
        "mixer.conv1d.bc.weight": [32, 1, 4], "mixer.conv1d.bc.bias": [32], "mixer.A_log": [4], "mixer.dt_bias": [4],
        "mixer.D": [4], "mixer.norm.weight": [64], "mixer.out_proj.weight": [32, 64],
      ])
    let still = Set(plain.all.filter { !$0.decays }.map(\.name))
    #expect(
      still == [
        "mixer.conv1d.x.bias", "mixer.conv1d.bc.bias", "mixer.A_log", "mixer.dt_bias", "mixer.D", "mixer.norm.weight",
      ])
    let other = Mamba2Configuration(
      modelDim: 32, heads: 4, headDim: 16, stateDim: 8, normGroups: nil, projectionBias: true, convolutionBias: false)
    let names = Set(fresh(other).parameters.all.map(\.name))
    #expect(
      names.symmetricDifference(shapes.keys) == [
        "mixer.conv1d.x.bias", "mixer.conv1d.bc.bias", "mixer.norm.weight", "mixer.in_proj.bias.x",
        "mixer.in_proj.bias.bc", "mixer.in_proj.bias.z", "mixer.in_proj.bias.dt", "mixer.out_proj.bias",
      ])
  }

  @Test func freshStepsAndDecaysAreThoseOfTheReleasedCode() {
    let shape = Mamba2Configuration(modelDim: 16, heads: 512, headDim: 1, stateDim: 4)
    let parameters = fresh(shape, .float64).parameters
    let steps = parameters["mixer.dt_bias"]!.value.softplus().doubles().sorted()
    #expect(steps[0] >= 0.001 && steps[511] < 0.1 && abs(log10(steps[256]) + 2) < 0.2, "uniform by logarithm")
    let rates = parameters["mixer.A_log"]!.value.exp().doubles().sorted()
    #expect(rates[0] >= 1 && rates[511] < 16 && abs(rates[256] - 8.5) < 1.5)
    #expect(parameters["mixer.D"]!.value.doubles().allSatisfy { $0 == 1 })
  }

  @Test(arguments: [false, true])
  func rowsOfAFreshMatrixSumToAboutOneAndSeeNoNeighbours(_ bias: Bool) {
    let shape = Mamba2Configuration(modelDim: 64, heads: 4, headDim: 32, stateDim: 64, projectionBias: bias)
    let (mixer, _) = fresh(shape, .float64)
    let x = RandomGenerator(seed: 5).normal([2, 128, 64], .float64)
    let sums = mixer.matrix(of: x).sum(over: -1)
    let (low, high) = (sums.min(over: 0, 1, 2).item(), sums.max().item())
    #expect(low > 0.5 && high < 2 && abs(sums.mean().item() - 1) < 0.2, "\(low) to \(high)")
    // B, C and x of a token come from that token alone.
    let changed = x.copy()
    changed.selected(1, 10).multiplyInPlace(-2)
    let (before, after) = (mixer.operands(x, for: .mixing), mixer.operands(changed, for: .mixing))
    for (old, new) in [(before.b, after.b), (before.c, after.c), (before.x!, after.x!)] {
      let differs = (old - new).abs().max(over: 0, 2, 3).doubles().map { $0 > 0 }
      #expect(differs == (0..<128).map { $0 == 10 })
    }
    // Nor is the gate shut: everything gets a gradient of ordinary size.
    #expect(mixer(x).rms > 0.05)
  }

  @Test func aFreshGateWithBiasStandsOpen() {
    let shape = Mamba2Configuration(modelDim: 16, heads: 2, headDim: 16, stateDim: 4, projectionBias: true)
    let parameters = fresh(shape, .float64).parameters
    #expect(parameters["mixer.in_proj.z"]!.value.abs().max().item() == 0)
    #expect(parameters["mixer.in_proj.bias.z"]!.value.silu().doubles().allSatisfy { abs($0 - 1) < 1e-9 })
  }

  @Test func aDeepModelStartsWithSmallerOutputs() {
    let shape = Mamba2Configuration(modelDim: 16, heads: 2, headDim: 16, stateDim: 4)
    let (one, deep) = (fresh(shape).parameters, fresh(shape, depth: 25).parameters)
    for parameter in one.all {
      let ratio = parameter.name == "mixer.out_proj.weight" ? 0.2 : 1
      #expect(deep[parameter.name]!.value.error(from: parameter.value * ratio) <= 1e-6, "\(parameter.name)")
    }
  }

  @Test func stepsStayWithinTheirLimitsAlsoTokenByToken() {
    let shape = Mamba2Configuration(
      modelDim: 16, heads: 4, headDim: 4, stateDim: 3, timeStepLimit: 0.01...0.05)
    let (mixer, parameters) = fresh(shape, .float64)
    parameters["mixer.dt_bias"]!.value.assign(Tensor([-30, 30, -3.5, 0] as [Double]))
    parameters["mixer.in_proj.dt"]!.value.multiplyInPlace(0.1)
    let x = RandomGenerator(seed: 6).normal([1, 9, 16], .float64)
    let steps = mixer.operands(x, for: .matrix).step
    #expect(steps.selected(2, 0).doubles().allSatisfy { $0 == 0.01 })
    #expect(steps.selected(2, 1).doubles().allSatisfy { $0 == 0.05 })
    #expect(steps.selected(2, 2).doubles().contains { $0 > 0.01 && $0 < 0.05 })
    let state = mixer.emptyState(batch: 1)
    let outputs = x.split(Array(repeating: 1, count: 9), 1).map { mixer.advance($0, state) }
    #expect(Tensor.concatenated(outputs, 1).error(from: mixer(x)) <= 1e-12)
    // A limited step has no gradient.
    parameters.train { _ in true }
    let gradient = mixer(x).sum().gradients(of: [parameters["mixer.dt_bias"]!.value])[0]!.doubles()
    #expect(gradient[0] == 0 && gradient[1] == 0 && gradient[2] != 0 && gradient[3] == 0)
  }

  /// Dao and Gu 2024: with a = Δ = 1 and D = 0 what is left of attention is its scores below the diagonal.
  @Test func withoutDecayTheMatrixIsThatOfLinearAttention() {
    let (mixer, parameters) = fresh(Mamba2Configuration(modelDim: 8, heads: 2, headDim: 4, stateDim: 3), .float64)
    parameters["mixer.A_log"]!.value.fill(-1e3)
    parameters["mixer.in_proj.dt"]!.value.fill(0)
    parameters["mixer.dt_bias"]!.value.fill(log(exp(1) - 1))
    parameters["mixer.D"]!.value.fill(0)
    let x = RandomGenerator(seed: 7).normal([2, 70, 8], .float64)
    let operands = mixer.operands(x, for: .mixing)
    let (b, c) = (operands.b.transposed(1, 2), operands.c.transposed(1, 2))
    let scores = c.matmul(b.transposed()).lowerTriangle()
    for head in 0..<2 {
      let found = mixer.matrix(operands).narrowed(1, from: head, length: 1)
      #expect(found.error(from: scores) <= 1e-12)
    }
    #expect(mixer.mix(operands).error(from: scores.matmul(operands.x!.transposed(1, 2)).transposed(1, 2)) <= 1e-12)
  }
}
