import MohawkTensor
import PretendDeviceSupport
import Testing

/// What the pretended device finds, by faults that are planted, and that operations compute on it what they compute on the
/// processor.
@Suite struct PretendDeviceTests {
  @Test func aTensorThatWasLeftOnTheProcessorIsFound() async {
    let result = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      let device = PretendDevice.load()
      _ = Tensor.ones([2, 3], on: device) + Tensor.ones([2, 3])
    }
    let message = String(decoding: result?.standardErrorContent ?? [], as: UTF8.self)
    #expect(message.contains("pretend") && message.contains("cpu"), "\(message)")
  }

  @Test func aTensorInAListThatWasLeftOnTheProcessorIsFound() async {
    let result = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      let device = PretendDevice.load()
      _ = Tensor.concatenated([.ones([2, 3], on: device), .ones([2, 3])], 0)
    }
    let message = String(decoding: result?.standardErrorContent ?? [], as: UTF8.self)
    #expect(message.contains("aten::cat") && message.contains("is on cpu"), "\(message)")
  }

  @Test func aKernelOfTheProcessorThatTouchesForeignMemoryIsFound() async {
    await #expect(processExitsWith: .signal(11)) {
      let tensor = Tensor.ones([2, 3], on: PretendDevice.load())
      let first = tensor.address.load(as: Float.self)
      print(first)
    }
  }

  @Test func aCopyIsCountedAndAnOperationIsNone() async {
    await #expect(processExitsWith: .success) {
      let device = PretendDevice.load()
      let tensor = Tensor(Array(repeating: 2.0, count: 1000)).to(on: device)
      precondition(PretendDevice.traffic() == .init(bytesUp: 8000, bytesDown: 0, timesUp: 1, timesDown: 0))
      let sum = (tensor * tensor).exp().log().sum()
      precondition(PretendDevice.traffic() == .init(bytesUp: 0, bytesDown: 0, timesUp: 0, timesDown: 0))
      precondition(sum.item() == 4000)
      precondition(tensor.doubles().count == 1000)
      precondition(PretendDevice.traffic() == .init(bytesUp: 0, bytesDown: 8008, timesUp: 0, timesDown: 2))
    }
  }

  @Test func aKernelTakesItsTypesOnTheProcessorAndNothingElsewhere() async {
    await #expect(processExitsWith: .success) {
      let device = PretendDevice.load()
      for kernel in Kernel.allCases {
        for dtype in [DType.float32, .bfloat16] { precondition(kernel.takes(.ones([1], dtype)), "\(kernel)") }
        for dtype in DType.allCases { precondition(!kernel.takes(.ones([1], dtype, on: device)), "\(kernel)") }
      }
      precondition(!Kernel.rotation.takes(.ones([1], .float16)) && !Kernel.gatedNorm.takes(.ones([1], .float64)))
    }
  }

  @Test func anUnknownDeviceIsRefusedWhereNoLibraryPretendsIt() {
    #expect(throws: (any Error).self) { try Device(named: "pretend") }
  }

  @Test func operationsAndTheirGradientsAreThoseOfTheProcessor() async {
    await #expect(processExitsWith: .success) {
      let device = PretendDevice.load()
      for (name, shapes, operation) in DeviceOperation.all {
        for dtype in [DType.float64, .float32] {
          let inputs = shapes.enumerated().map {
            RandomGenerator(seed: UInt64($0.offset + 1)).normal($0.element, dtype)
          }
          func run(_ device: Device) -> [Tensor] {
            let leaves = inputs.map { $0.to(on: device).detached().copy() }
            for leaf in leaves { leaf.requiresGradient = true }
            let value = operation(leaves)
            precondition(value.device == device, name)
            let cotangent = RandomGenerator(seed: 9).normal(value.shape, value.dtype).to(on: device)
            let gradients = value.gradients(of: leaves, cotangent)
            let results = [value.detached()] + gradients.compactMap { $0 }
            return withoutGradients { results.map { $0.to(.float64, on: .cpu) } }
          }
          let (here, there) = (run(.cpu), run(device))
          precondition(here.count == there.count, name)
          for (one, other) in zip(here, there) {
            let scale = max(one.abs().max().item(), 1e-3)
            let error = (one - other).abs().max().item() / scale
            precondition(error < (dtype == .float64 ? 1e-9 : 2e-4), "\(name) in \(dtype): \(error)")
          }
        }
      }
    }
  }

  @Test func stepsOfTheOptimiserAreThoseOfTheProcessorAndReadNothingBack() async {
    await #expect(processExitsWith: .success) {
      let device = PretendDevice.load()
      func run(_ device: Device) -> [Double] {
        func make(_ seed: UInt64) -> [Tensor] {
          [[3, 4], [5]].map { RandomGenerator(seed: seed).normal($0).to(on: device) }
        }
        let (values, gradients) = (make(1), make(2))
        let (first, second) = (values.map { $0 * 0 }, values.map { $0 * 0 })
        _ = PretendDevice.traffic()
        for step in 1...3 {
          TensorList.adamW(
            parameters: values, gradients: gradients, first: first, second: second, weightDecay: [0.1, 0], step: step,
            learningRate: 0.1, beta1: 0.9, beta2: 0.95, epsilon: 1e-8, gradientScale: 0.5)
        }
        precondition(PretendDevice.traffic().timesDown == 0)
        let norm = TensorList.norm(gradients)
        precondition(PretendDevice.traffic().timesDown == (device == .cpu ? 0 : 1))
        return [norm] + values.flatMap { $0.doubles() }
      }
      for (one, other) in zip(run(.cpu), run(device)) { precondition(abs(one - other) < 1e-5, "\(one) \(other)") }
    }
  }
}

/// Operations with kernels of this package, and shapes of what goes in.
enum DeviceOperation {
  static var all: [(String, [[Int]], ([Tensor]) -> Tensor)] {
    [
      ("product", [[3, 4], [4, 5]], { $0[0].matmul($0[1]) }), ("softmax", [[3, 7]], { $0[0].softmax(-1) }),
      ("silu", [[3, 7]], { $0[0].silu() }), ("gelu", [[3, 7]], { $0[0].gelu(approximate: true) }),
      ("softplus", [[3, 7]], { $0[0].softplus() }), ("sum over rows", [[3, 7]], { $0[0].sum(over: 0) }),
      ("views", [[3, 4, 5]], { $0[0].transposed(0, 1).reshaped(4, 15).narrowed(1, from: 2, length: 7) * 2 }),
      ("layer norm", [[3, 7], [7], [7]], { $0[0].layerNorm($0[1], $0[2], epsilon: 1e-5) }),
      ("RMS norm", [[3, 7], [7]], { $0[0].rmsNorm($0[1], epsilon: 1e-5) }),
      ("silu times", [[3, 7], [3, 7]], { $0[0].silu(times: $0[1]) }),
      ("gelu times", [[3, 7], [3, 7]], { $0[0].geluTanh(times: $0[1]) }),
      ("projection", [[2, 3, 7], [5, 7], [5]], { $0[0].projected(by: $0[1], $0[2]) }),
      (
        "gated projection", [[2, 3, 7], [5, 7], [2, 3, 7]], { $0[0].projected(by: $0[1], after: .silu, times: $0[2]) }
      ),
      ("halves", [[2, 3, 8]], { $0[0].halves().0 * $0[0].halves().1 }),
      ("stream", [[2, 3, 8], [2, 3, 8], [2, 3, 8]], { $0[0].adding($0[1], $0[2]) }),
      (
        "attention", [[1, 2, 5, 4], [1, 2, 5, 4], [1, 2, 5, 4]],
        { $0[0].attention(keys: $0[1], values: $0[2], causal: true, scale: 0.5) }
      ),
      ("row distance", [[2, 3, 8], [2, 3, 8]], { $0[0].meanRowDistance(to: $0[1]) }),
    ]
  }
}
