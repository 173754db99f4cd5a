import Foundation
import MohawkTensor
import Testing

/// SiLU and GELU by tanh, alone and as gates, against their definitions in fp64.
@Suite struct GatedTests {
  enum Kind: CaseIterable { case silu, geluTanh }

  private func definition(_ kind: Kind, _ x: Tensor) -> Tensor {
    switch kind {
    case .silu: x * x.sigmoid()
    case .geluTanh: x * 0.5 * (((x + x * x * x * 0.044715) * (2 / Double.pi).squareRoot()).tanh() + 1)
    }
  }

  private func kernel(_ kind: Kind, _ x: Tensor, _ factor: Tensor?) -> Tensor {
    switch (kind, factor) {
    case (.silu, nil): x.silu()
    case (.silu, let factor?): x.silu(times: factor)
    case (.geluTanh, nil): x.gelu(approximate: true)
    case (.geluTanh, let factor?): x.geluTanh(times: factor)
    }
  }

  private func leaf(_ tensor: Tensor, _ dtype: DType) -> Tensor {
    let leaf = tensor.to(dtype).copy()
    leaf.requiresGradient = true
    return leaf
  }

  private func error(_ found: Tensor, _ wanted: Tensor) -> Double {
    guard wanted.count > 0 else { return 0 }
    let exact = wanted.to(.float64)
    return (found.to(.float64) - exact).abs().max().item() / max(exact.abs().max().item(), 1e-30)
  }

  @Test(arguments: Instructions.allCases, [(DType.float64, 1e-13), (.float32, 1e-6), (.bfloat16, 8e-3)])
  func valuesAndGradientsAreTheDefinitions(_ set: Instructions, _ precision: (dtype: DType, tolerance: Double)) {
    for kind in Kind.allCases {
      for count in [0, 1, 7, 8, 16, 31, 64, 65, 1000, 20_001] {
        for (isGate, scale) in [(false, 3.0), (true, 3), (true, 1e-3), (false, 100)] {
          let noise = RandomGenerator(seed: UInt64(count + 1))
          func draw(_ scale: Double) -> Tensor { (noise.normal([count], .float64) * scale).to(precision.dtype) }
          let (x, factor, seed) = (draw(scale), draw(1), draw(1))
          let exact = (leaf(x, .float64), leaf(factor, .float64))
          let wanted = isGate ? definition(kind, exact.0) * exact.1 : definition(kind, exact.0)
          wanted.backward(seed.to(.float64))
          let own = (leaf(x, precision.dtype), leaf(factor, precision.dtype))
          let found = Instructions.limited(to: set) {
            let found = kernel(kind, own.0, isGate ? own.1 : nil)
            found.backward(seed)
            return found
          }
          let name = "\(kind), \(count) numbers of \(scale), gate: \(isGate)"
          #expect(found.dtype == precision.dtype && found.shape == [count])
          #expect(error(found, wanted) < precision.tolerance, "\(name)")
          #expect(error(own.0.gradient!, exact.0.gradient!) < precision.tolerance, "\(name)")
          if isGate { #expect(error(own.1.gradient!, exact.1.gradient!) < precision.tolerance, "\(name)") }
        }
      }
    }
  }

  @Test(arguments: Instructions.allCases) func extremesGiveNoSpuriousNumbers(_ set: Instructions) {
    Instructions.limited(to: set) {
      for kind in Kind.allCases {
        let x = leaf(Tensor([-3e38, -1e20, -300, -88, 88, 300, 1e20, 3e38] as [Float]), .float32)
        let y = kernel(kind, x, nil)
        y.sum().backward()
        let (values, gradients) = (y.floats(), x.gradient!.floats())
        #expect(values[..<4].allSatisfy { abs($0) < 1e-30 } && Array(values[4...]) == Array(x.floats()[4...]))
        #expect(gradients[..<4].allSatisfy { abs($0) < 1e-30 } && gradients[4...].allSatisfy { $0 == 1 })
        #expect(kernel(kind, Tensor([.nan, 1] as [Float]), nil).floats()[0].isNaN)
      }
    }
  }

  @Test func anyMemoryOrderWillDo() {
    let noise = RandomGenerator(seed: 1)
    let (a, b) = (noise.normal([5, 7], .float64), noise.normal([7, 5], .float64))
    for (x, factor) in [
      (a.transposed(), b), (b.narrowed(1, from: 1, length: 3), a.transposed().narrowed(1, from: 2, length: 3)),
    ] {
      let (own, times) = (x.detached(), factor.detached())
      own.requiresGradient = true
      times.requiresGradient = true
      let y = own.silu(times: times)
      #expect(error(y.detached(), definition(.silu, x) * factor) < 1e-14)
      y.backward(factor)
      let exact = (leaf(x, .float64), leaf(factor, .float64))
      (definition(.silu, exact.0) * exact.1).backward(factor)
      #expect(error(own.gradient!, exact.0.gradient!) < 1e-14)
      #expect(error(times.gradient!, exact.1.gradient!) < 1e-14)
    }
  }
}
