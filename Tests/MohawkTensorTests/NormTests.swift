import MohawkTensor
import Testing

/// LayerNorm and RMSNorm against their definitions in fp64.
@Suite struct NormTests {
  private func layerNorm(_ x: Tensor, _ weight: Tensor, _ bias: Tensor, _ epsilon: Double) -> Tensor {
    let centred = x - x.mean(over: -1, keep: true)
    return rmsNorm(centred, weight, epsilon) + bias
  }

  private func rmsNorm(_ x: Tensor, _ weight: Tensor, _ epsilon: Double) -> Tensor {
    x * (x.square().mean(over: -1, keep: true) + epsilon).rsqrt() * weight
  }

  /// The types of what goes in, of the weights and of what comes out.
  static let types: [(x: DType, weight: DType, out: DType, tolerance: Double)] = [
    (.float64, .float64, .float64, 1e-11), (.float32, .float32, .float32, 1e-5),
    (.float32, .float32, .bfloat16, 1.6e-2), (.bfloat16, .float32, .bfloat16, 1.6e-2),
    (.bfloat16, .float32, .float32, 1e-2),
  ]

  @Test(arguments: Instructions.allCases, types)
  func valuesAndGradientsAreTheDefinitions(
    _ set: Instructions, _ types: (x: DType, weight: DType, out: DType, tolerance: Double)
  ) {
    for (rows, width) in [([3], 1), ([2, 5], 7), ([1], 16), ([65], 33), ([2, 70], 96), ([0, 4], 8)] {
      let noise = RandomGenerator(seed: UInt64(width))
      let x = (noise.normal(rows + [width], .float64) * 2 + 1).to(types.x)
      let weight = (noise.normal([width], .float64) + 1).to(types.weight)
      let bias = noise.normal([width], .float64).to(types.weight)
      KernelComparison.check(
        "LayerNorm \(rows) × \(width)", [x, weight, bias], tolerance: types.tolerance, set,
        kernel: { $0[0].layerNorm($0[1], $0[2], epsilon: 1e-2, as: types.out) },
        definition: { layerNorm($0[0], $0[1], $0[2], 1e-2) })
      KernelComparison.check(
        "RMSNorm \(rows) × \(width)", [x, weight], tolerance: types.tolerance, set,
        kernel: { $0[0].rmsNorm($0[1], epsilon: 1e-2, as: types.out) }, definition: { rmsNorm($0[0], $0[1], 1e-2) })
      for moving in [[true, false, false], [false, true, true], [false, false, true]] {
        KernelComparison.check(
          "LayerNorm with some frozen", [x, weight, bias], moving: moving, tolerance: types.tolerance, set,
          kernel: { $0[0].layerNorm($0[1], $0[2], epsilon: 1e-2, as: types.out) },
          definition: { layerNorm($0[0], $0[1], $0[2], 1e-2) })
      }
    }
  }

  @Test(arguments: Instructions.allCases) func hugeAndTinyRowsAreNormalised(_ set: Instructions) {
    Instructions.limited(to: set) {
      let weight = Tensor.ones([40])
      let noise = RandomGenerator(seed: 1).normal([2, 40], .float64)
      for scale in [1e-12, 1e12] {
        let x = (noise * scale).to(.float32)
        let found = x.rmsNorm(weight, epsilon: 0)
        #expect(KernelComparison.error(found, rmsNorm(x.to(.float64), weight.to(.float64), 0)) < 1e-5)
      }
      #expect(Tensor.zeros([2, 40]).layerNorm(weight, Tensor.zeros([40]), epsilon: 1e-5).abs().max().item() == 0)
    }
  }

  @Test func gradientsDoNotDependOnTheNumberOfThreads() {
    let before = Runtime.threads
    defer { Runtime.threads = before }
    let x = RandomGenerator(seed: 1).normal([700, 48])
    let results = [1, 2, 3, 4].map { threads in
      Runtime.threads = threads
      let weight = Tensor.ones([48])
      weight.requiresGradient = true
      x.layerNorm(weight, Tensor.zeros([48]), epsilon: 1e-5, as: .bfloat16).square().sum().backward()
      return weight.gradient!
    }
    for other in results.dropFirst() { #expect((other - results[0]).abs().max().item() == 0) }
  }
}
