import MohawkTensor
import Testing

/// Linear layers with weights in a wider type, alone and after an activation, against their definitions in fp64.
@Suite struct ProjectionTests {
  /// The types of what goes in and of the weights.
  static let types: [(x: DType, weight: DType, tolerance: Double)] = [
    (.float64, .float64, 1e-12), (.float32, .float32, 1e-5), (.bfloat16, .float32, 2e-2), (.bfloat16, .bfloat16, 2e-2),
  ]

  private func activated(_ activation: GateActivation, _ x: Tensor) -> Tensor {
    switch activation {
    case .silu: x * x.sigmoid()
    case .geluTanh: x * 0.5 * (((x + x * x * x * 0.044715) * (2 / Double.pi).squareRoot()).tanh() + 1)
    }
  }

  private func linear(_ x: Tensor, _ weight: Tensor, _ bias: Tensor?) -> Tensor {
    let product = x.matmul(weight.transposed())
    return bias.map { product + $0 } ?? product
  }

  @Test(arguments: Instructions.allCases, types)
  func valuesAndGradientsAreTheDefinitions(
    _ set: Instructions, _ types: (x: DType, weight: DType, tolerance: Double)
  ) {
    for (rows, inputs, outputs) in [([1], 1, 1), ([2, 3], 5, 7), ([4, 16], 32, 16), ([33], 17, 40), ([0, 2], 4, 3)] {
      let noise = RandomGenerator(seed: UInt64(inputs))
      let x = noise.normal(rows + [inputs], .float64).to(types.x)
      let factor = noise.normal(rows + [inputs], .float64).to(types.x)
      let weight = noise.normal([outputs, inputs], .float64).to(types.weight)
      let bias = noise.normal([outputs], .float64).to(types.weight)
      let name = "\(rows) × \(inputs) to \(outputs)"
      func check(
        _ kind: String, _ given: [Tensor], _ moving: [Bool]? = nil, _ kernel: ([Tensor]) -> Tensor,
        _ definition: ([Tensor]) -> Tensor
      ) {
        KernelComparison.check(
          "\(kind), \(name)", given, moving: moving, tolerance: types.tolerance, set, kernel: kernel,
          definition: definition)
      }
      for moving in [[true, true, true], [true, false, false], [false, true, false], [false, false, true]] {
        check(
          "plain", [x, weight, bias], moving, { $0[0].projected(by: $0[1], $0[2]) }, { linear($0[0], $0[1], $0[2]) })
      }
      check("no bias", [x, weight], nil, { $0[0].projected(by: $0[1]) }, { linear($0[0], $0[1], nil) })
      for activation in [GateActivation.silu, .geluTanh] {
        for moving in [[true, true, true], [true, false, false], [false, true, false]] {
          check(
            "\(activation)", [x, weight, bias], moving, { $0[0].projected(by: $0[1], $0[2], after: activation) },
            { linear(activated(activation, $0[0]), $0[1], $0[2]) })
        }
        for moving in [[true, true, true], [true, true, false], [false, true, false], [false, false, true]] {
          check(
            "\(activation) gate", [x, factor, weight], moving,
            { $0[0].projected(by: $0[2], after: activation, times: $0[1]) },
            { linear(activated(activation, $0[0]) * $0[1], $0[2], nil) })
        }
      }
    }
  }

  @Test(arguments: Instructions.allCases) func gradientsOfWeightsAreNotRoundedToTheTypeOfTheInput(_ set: Instructions) {
    let noise = RandomGenerator(seed: 5)
    let (x, seed) = (noise.normal([64, 8]).to(.bfloat16), noise.normal([64, 8]).to(.bfloat16))
    let weight = noise.normal([8, 8])
    weight.requiresGradient = true
    Instructions.limited(to: set) { x.projected(by: weight).backward(seed) }
    let exact = seed.to(.float64).transposed().matmul(x.to(.float64))
    #expect(KernelComparison.error(weight.gradient!, exact) < 1e-5)
  }

  /// Wider than what is multiplied at a time where the processor has no instructions for bf16.
  @Test(arguments: Instructions.allCases, [(700, 1600), (1600, 700)])
  func wideMatricesAreMultipliedInPieces(_ set: Instructions, _ size: (inputs: Int, outputs: Int)) {
    let noise = RandomGenerator(seed: 8)
    let x = noise.normal([2, 350, size.inputs], .float64).to(.bfloat16)
    let weight = noise.normal([size.outputs, size.inputs], .float64).to(.float32)
    KernelComparison.check(
      "\(size.inputs) to \(size.outputs)", [x, weight], moving: nil, tolerance: 2e-2, set,
      kernel: { $0[0].projected(by: $0[1]) }, definition: { linear($0[0], $0[1], nil) })
  }

  @Test(arguments: Instructions.allCases, [[5, 7], [2, 3, 5, 7]])
  func productsAndTheirGradientsAreTheDefinitions(_ set: Instructions, _ shape: [Int]) {
    let noise = RandomGenerator(seed: 9)
    let (a, b) = (noise.normal(shape).to(.bfloat16), noise.normal(shape.dropLast(2) + [7, 4]).to(.bfloat16))
    KernelComparison.check(
      "product", [a, b], moving: nil, tolerance: 2e-2, set, kernel: { $0[0].matmul($0[1]) },
      definition: { $0[0].matmul($0[1]) })
    let (weight, bias) = (noise.normal([4, 7]).to(.bfloat16), noise.normal([4]).to(.bfloat16))
    KernelComparison.check(
      "linear", [a, weight, bias], moving: nil, tolerance: 2e-2, set, kernel: { $0[0].linear($0[1], $0[2]) },
      definition: { linear($0[0], $0[1], $0[2]) })
  }

  @Test(arguments: Instructions.allCases) func biasesOfLongBatchesKeepTheirDigits(_ set: Instructions) {
    guard set.rawValue <= Instructions.current.rawValue else { return }
    for (tokens, outputs) in [(1, 1), (63, 5), (64, 64), (65, 130), (4097, 263)] {
      let noise = RandomGenerator(seed: UInt64(outputs))
      let seed = (noise.normal([tokens, outputs]) + 1).to(.bfloat16)
      let bias = noise.normal([outputs])
      bias.requiresGradient = true
      Instructions.limited(to: set) {
        noise.normal([tokens, 3]).to(.bfloat16).projected(by: noise.normal([outputs, 3]), bias).backward(seed)
      }
      let exact = seed.to(.float64).sum(over: 0)
      #expect(KernelComparison.error(bias.gradient!, exact) < 1e-6, "\(tokens) tokens, \(outputs) outputs, \(set)")
    }
  }

  @Test func memoryOrderDoesNotMatter() {
    let noise = RandomGenerator(seed: 6)
    let (x, factor) = (noise.normal([6, 4, 5]), noise.normal([6, 4, 5]))
    let weight = noise.normal([3, 5])
    let (turned, times) = (x.transposed(0, 1), factor.transposed(0, 1))
    let found = turned.to(.bfloat16).projected(by: weight, after: .silu, times: times.to(.bfloat16))
    let wanted = turned.contiguous().projected(by: weight, after: .silu, times: times.contiguous())
    #expect(KernelComparison.error(found, wanted) < 2e-2)
  }

  @Test func frozenTensorsChangeTheirType() {
    let weight = RandomGenerator(seed: 7).normal([3, 5])
    let wanted = weight.to(.bfloat16)
    weight.become(.bfloat16)
    #expect(weight.dtype == .bfloat16 && weight.floats() == wanted.floats())
  }
}
