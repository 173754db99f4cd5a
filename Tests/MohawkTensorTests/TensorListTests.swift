import Foundation
import MohawkTensor
import Testing

@Suite struct TensorListTests {
  /// Sizes around the widths of vectors and the size of a block.
  static let sizes = [0, 1, 7, 8, 15, 16, 17, 31, 33, 100, 16_384, 16_385, 50_001]

  @Test(arguments: Instructions.allCases) func theNormCoversAllTensors(_ set: Instructions) {
    Instructions.limited(to: set) {
      #expect(abs(TensorList.norm([numbers([3]), numbers([4, 12], [2, 1])]) - 13) < 1e-12)
      #expect(TensorList.norm([]) == 0)
      #expect(TensorList.norm([numbers([1]), numbers([.nan])]).isNaN)
      #expect(TensorList.norm([Tensor([1, .infinity] as [Float])]) == .infinity)
      #expect(abs(TensorList.norm([Tensor([3e30, 4e30] as [Float])]) / 5e30 - 1) < 1e-6, "no overflow of squares")
      let turned = numbers([1, 2, 3, 4, 5, 6], [2, 3]).transposed()
      #expect(abs(TensorList.norm([turned.narrowed(0, from: 0, length: 2)]) - 46.0.squareRoot()) < 1e-12)
      let noise = RandomGenerator(seed: 1)
      let mixed =
        Self.sizes.map { noise.normal([$0]) } + [noise.normal([9], .float64), noise.normal([5]).to(.bfloat16)]
      let exact = mixed.reduce(0) { $0 + $1.to(.float64).square().sum().item() }.squareRoot()
      #expect(abs(TensorList.norm(mixed) / exact - 1) < 1e-12)
    }
  }

  @Test(arguments: Instructions.allCases) func theNormDoesNotDependOnThreads(_ set: Instructions) {
    let noise = RandomGenerator(seed: 2)
    let list = Self.sizes.map { noise.normal([$0]) }
    let before = Runtime.threads
    defer { Runtime.threads = before }
    let norms = Instructions.limited(to: set) {
      (1...4).map { threads in
        Runtime.threads = threads
        return TensorList.norm(list)
      }
    }
    #expect(Set(norms).count == 1)
  }

  /// Three steps for tensors of all sizes at once, against the paper's formulas in fp64.
  @Test(arguments: Instructions.allCases, [(DType.float64, 1e-13), (.float32, 2e-6)])
  func oneStepIsThePapers(_ set: Instructions, _ precision: (dtype: DType, tolerance: Double)) {
    let noise = RandomGenerator(seed: 3)
    let dtype = precision.dtype
    func draw(_ scale: Double) -> [Tensor] { Self.sizes.map { (noise.normal([$0], .float64) * scale).to(dtype) } }
    let values = draw(1)
    let first = values.map { Tensor.zeros($0.shape, dtype) }
    let second = values.map { Tensor.zeros($0.shape, dtype) }
    var exact = values.map { $0.to(.float64).copy() }
    var means = exact.map { Tensor.zeros($0.shape, .float64) }
    var squares = means
    let decay = Self.sizes.indices.map { $0 % 2 == 0 ? 0.3 : 0 }
    let (rate, beta1, beta2, epsilon, scale) = (0.01, 0.8, 0.9, 1e-3, 0.7)
    for step in 1...3 {
      let gradients = draw(Foundation.pow(10, Double(step - 2)))
      Instructions.limited(to: set) {
        TensorList.adamW(
          parameters: values, gradients: gradients, first: first, second: second, weightDecay: decay, step: step,
          learningRate: rate, beta1: beta1, beta2: beta2, epsilon: epsilon, gradientScale: scale)
      }
      for i in values.indices {
        let gradient = gradients[i].to(.float64) * scale
        means[i] = means[i] * beta1 + gradient * (1 - beta1)
        squares[i] = squares[i] * beta2 + gradient.square() * (1 - beta2)
        let mean = means[i] / (1 - Foundation.pow(beta1, Double(step)))
        let square = squares[i] / (1 - Foundation.pow(beta2, Double(step)))
        exact[i] = exact[i] * (1 - rate * decay[i]) - mean / (square.sqrt() + epsilon) * rate
      }
    }
    for i in values.indices where values[i].count > 0 {
      for (found, wanted) in [(values[i], exact[i]), (first[i], means[i]), (second[i], squares[i])] {
        let error = (found.to(.float64) - wanted).abs().max().item() / wanted.abs().max().item()
        #expect(error < precision.tolerance, "\(Self.sizes[i]) numbers: \(error)")
      }
    }
  }

  @Test func everyThreadCountMovesParametersAlike() {
    let before = Runtime.threads
    defer { Runtime.threads = before }
    let results = (1...4).map { threads in
      Runtime.threads = threads
      let noise = RandomGenerator(seed: 4)
      let values = Self.sizes.map { noise.normal([$0]) }
      let (first, second) = (values.map { $0 * 0 }, values.map { $0 * 0 })
      TensorList.adamW(
        parameters: values, gradients: values.map { noise.normal($0.shape) }, first: first, second: second,
        weightDecay: values.map { _ in 0.1 }, step: 1, learningRate: 0.1, beta1: 0.9, beta2: 0.95, epsilon: 1e-8)
      return values.map { $0.floats() }
    }
    for result in results { #expect(result == results[0]) }
  }

  @Test func gradientsThatLieOtherwiseAreTakenByTheirShape() {
    let value = numbers([0, 0, 0, 0, 0, 0], [2, 3])
    TensorList.adamW(
      parameters: [value], gradients: [numbers([1, 2, 3, -4, 0, 6], [3, 2]).transposed()],
      first: [value * 0], second: [value * 0], weightDecay: [0], step: 1, learningRate: 1, beta1: 0, beta2: 0,
      epsilon: 1)
    expectClose(value, [-1 / 2, -3 / 4, 0, -2 / 3, 4 / 5, -6 / 7])
  }
}
