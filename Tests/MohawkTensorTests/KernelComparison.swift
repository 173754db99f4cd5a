import MohawkTensor
import Testing

/// A fused operation beside its definition: values and gradients of both, on the same numbers.
struct KernelComparison {
  /// How far the kernel may be from the definition in fp64, of the largest number.
  static let tolerances: [(dtype: DType, tolerance: Double)] = [
    (.float64, 1e-12), (.float32, 3e-6), (.bfloat16, 1.6e-2),
  ]

  static func error(_ found: Tensor, _ wanted: Tensor) -> Double {
    guard wanted.count > 0 else { return 0 }
    let exact = wanted.to(.float64)
    return (found.to(.float64) - exact).abs().max().item() / max(exact.abs().max().item(), 1e-30)
  }

  /// Runs both and compares the result and the gradients of all inputs that move.
  /// - Parameters:
  ///   - inputs: in the types in which the kernel gets them; the definition gets the same numbers in fp64.
  ///   - moving: which of them require a gradient.
  static func check(
    _ name: String, _ inputs: [Tensor], moving: [Bool]? = nil, tolerance: Double, _ set: Instructions,
    kernel: ([Tensor]) -> Tensor, definition: ([Tensor]) -> Tensor, sourceLocation: SourceLocation = #_sourceLocation
  ) {
    func leaves(_ convert: (Tensor) -> Tensor) -> [Tensor] {
      zip(inputs, moving ?? inputs.map { _ in true }).map { input, moves in
        let leaf = convert(input).copy()
        leaf.requiresGradient = moves
        return leaf
      }
    }
    let (own, exact) = (leaves { $0 }, leaves { $0.to(.float64) })
    let wanted = definition(exact)
    let found = Instructions.limited(to: set) { kernel(own) }
    #expect(found.shape == wanted.shape, "\(name)", sourceLocation: sourceLocation)
    #expect(error(found.detached(), wanted.detached()) <= tolerance, "\(name)", sourceLocation: sourceLocation)
    let seed = RandomGenerator(seed: 99).normal(found.shape, .float64).to(found.dtype)
    Instructions.limited(to: set) { found.backward(seed) }
    wanted.backward(seed.to(.float64))
    for (index, (mine, theirs)) in zip(own, exact).enumerated() where mine.requiresGradient {
      guard let gradient = mine.gradient, let exactly = theirs.gradient else {
        Issue.record("\(name): input \(index) has no gradient", sourceLocation: sourceLocation)
        continue
      }
      #expect(gradient.dtype == mine.dtype && gradient.shape == mine.shape, "\(name)", sourceLocation: sourceLocation)
      #expect(
        error(gradient, exactly) <= 2 * tolerance, "\(name): gradient of input \(index)", sourceLocation: sourceLocation
      )
    }
    for (mine, moves) in zip(own, moving ?? []) where !moves {
      #expect(mine.gradient == nil, "\(name)", sourceLocation: sourceLocation)
    }
  }
}
