import Foundation
import MohawkTensor
import Testing

@testable import MohawkLayers

@Suite struct LayerTests {
  private let random = RandomGenerator(seed: 1)
  private func build(_ dtype: DType = .float64) -> ParameterBuild { ParameterBuild(DrawnParameters(random, dtype)) }

  @Test func linearMultipliesByItsTransposedWeightAndAddsItsBias() {
    let build = build()
    let layer = Linear(in: 5, out: 3, build.root / "fc")
    let plain = Linear(in: 5, out: 3, bias: false, build.root / "plain")
    #expect(build.parameters.all.map(\.name) == ["fc.weight", "fc.bias", "plain.weight"])
    layer.bias!.addInPlace(random.normal([3], .float64))
    let x = random.normal([2, 4, 5], .float64)
    let (inputs, weights, biases) = (x.doubles(), layer.weight.doubles(), layer.bias!.doubles())
    var expected: [Double] = []
    for row in 0..<8 {
      for out in 0..<3 {
        expected.append(biases[out] + (0..<5).reduce(0) { $0 + inputs[row * 5 + $1] * weights[out * 5 + $1] })
      }
    }
    #expect(layer(x).error(from: Tensor(expected, shape: [2, 4, 3])) <= 1e-14)
    #expect(plain(x).error(from: x.matmul(plain.weight.transposed())) <= 1e-14 && plain.bias == nil)
  }

  @Test func linearComputesInItsInputsTypeAndMovesItsOwn() {
    let build = build(.float32)
    let layer = Linear(in: 16, out: 8, build.root)
    build.parameters.train { _ in true }
    let x = random.normal([3, 16])
    let half = layer(x.to(.bfloat16))
    #expect(half.dtype == .bfloat16 && half.error(from: layer(x)) <= 1e-2)
    half.to(.float32).sum().backward()
    #expect(layer.weight.gradient!.dtype == .float32 && layer.bias!.gradient!.dtype == .float32)
    #expect(layer.bias!.gradient!.floats() == Array(repeating: 3, count: 8))
  }

  @Test func layerNormGivesMeanZeroAndVarianceOneThenScalesAndShifts() {
    let build = build()
    let layer = LayerNorm(6, epsilon: 1e-3, build.root)
    #expect(layer.weight.doubles() == Array(repeating: 1, count: 6) && layer.bias.doubles().allSatisfy { $0 == 0 })
    build.parameters.all.forEach { $0.value.addInPlace(random.normal([6], .float64)) }
    let x = random.normal([2, 5, 6], .float64) * 0.05
    let mean = x.mean(over: -1, keep: true)
    let variance = (x - mean).square().mean(over: -1, keep: true)
    let expected = (x - mean) * (variance + 1e-3).rsqrt() * layer.weight + layer.bias
    #expect(layer(x).error(from: expected) <= 1e-14)
    #expect(layer(x.to(.bfloat16)).dtype == .float64, "norms compute in their weights' type")
  }

  @Test func embeddingTakesRowsAndItsGradientCountsThem() {
    let build = build()
    let layer = Embedding(7, 3, build.root / "embedding")
    build.parameters.train { _ in true }
    let ids = Tensor([2, 0, 2, 6] as [Int64], shape: [2, 2])
    let rows = layer(ids)
    #expect(rows.shape == [2, 2, 3])
    for (place, id) in [2, 0, 2, 6].enumerated() {
      #expect(rows.reshaped(4, 3).selected(0, place).isIdentical(to: layer.weight.selected(0, id)))
    }
    rows.sum().backward()
    #expect(layer.weight.gradient!.selected(1, 0).doubles() == [1, 0, 2, 0, 0, 0, 1])
  }

  @Test func drawsFollowTheirDeviationAndRepeatWithTheirSeed() {
    func weights(_ seed: UInt64) -> Tensor {
      let build = ParameterBuild(DrawnParameters(RandomGenerator(seed: seed)))
      return Linear(in: 100, out: 300, build.root).weight
    }
    #expect(abs(weights(7).rms - 0.1) < 0.002)
    #expect(weights(7).isIdentical(to: weights(7)) && !weights(7).isIdentical(to: weights(8)))
    #expect(abs(Embedding(500, 50, build().root).weight.rms - 0.5) < 0.02)
  }

  @Test func trainingMarksExactlyWhatMoves() {
    let build = build()
    _ = Linear(in: 2, out: 2, build.root / "a")
    _ = Linear(in: 2, out: 2, build.root / "b")
    let parameters = build.parameters
    parameters.train { _ in true }
    parameters["a.weight"]!.value.sum().backward()
    let moving = parameters.train { $0.name.hasPrefix("b") }
    #expect(moving.map(\.name) == ["b.weight", "b.bias"])
    #expect(parameters.all.map(\.value.requiresGradient) == [false, false, true, true])
    #expect(parameters["a.weight"]!.value.gradient == nil)
    #expect(parameters.count == 12 && parameters["c"] == nil)
    #expect(parameters.all.map(\.decays) == [true, false, true, false])
  }

  @Test(arguments: [1, 2, 6])
  func theGatedNormMakesEachGroupsMeanSquareOne(_ groups: Int) {
    let build = build()
    let norm = GatedRMSNorm(12, groups: groups, epsilon: 1e-3, build.root)
    #expect(norm.weight.doubles().allSatisfy { $0 == 1 } && !build.parameters.all[0].decays)
    norm.weight.addInPlace(random.normal([12], .float64))
    let (x, gate) = (random.normal([2, 5, 12], .float64), random.normal([2, 5, 12], .float64))
    let (inputs, gates, weights) = (x.doubles(), gate.doubles(), norm.weight.doubles())
    let gated = zip(inputs, gates).map { $0 * $1 / (1 + exp(-$1)) }
    let width = 12 / groups
    let expected = (0..<120).map { place in
      let start = place / width * width
      let square = gated[start..<start + width].reduce(0) { $0 + $1 * $1 } / Double(width)
      return gated[place] / (square + 1e-3).squareRoot() * weights[place % 12]
    }
    #expect(norm(x, gate: gate).error(from: Tensor(expected, shape: [2, 5, 12])) <= 1e-14)
    #expect(norm(x.to(.bfloat16), gate: gate.to(.bfloat16)).dtype == .float64)
  }

  @Test(arguments: [1, 2, 3], Instructions.allCases)
  func theGatedNormIsTheSameWithoutGradients(_ groups: Int, _ set: Instructions) {
    let norm = GatedRMSNorm(66, groups: groups, epsilon: 1e-3, self.build(.float32).root)
    norm.weight.addInPlace(random.normal([66]))
    let (x, gate) = (random.normal([2, 41, 66]), random.normal([2, 41, 66]) * 30)
    let slow = norm(x, gate: gate)
    Instructions.limited(to: set) {
      withoutGradients {
        #expect(norm(x, gate: gate).error(from: slow) <= DType.float32.tolerance)
        let half = norm(x.to(.bfloat16), gate: gate.to(.bfloat16), as: .bfloat16)
        #expect(half.dtype == .bfloat16 && half.error(from: slow) <= DType.bfloat16.tolerance)
      }
    }
  }
}
