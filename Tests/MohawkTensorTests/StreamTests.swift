import Foundation
import MohawkTensor
import Testing

/// Sums along the stream, distances of rows and rotary positions against their definitions in fp64.
@Suite struct StreamTests {
  @Test(
    arguments: Instructions.allCases,
    [
      (DType.float64, DType.float64, 1e-15), (.float32, .float32, 1e-6), (.float32, .bfloat16, 5e-3),
      (.bfloat16, .bfloat16, 1e-2),
    ]
  )
  func whatIsAddedIsTheSum(_ set: Instructions, _ types: (stream: DType, added: DType, tolerance: Double)) {
    for shape in [[0], [1], [3, 5], [17, 31], [4, 33, 65]] {
      let noise = RandomGenerator(seed: 3)
      let stream = noise.normal(shape, .float64).to(types.stream)
      let (first, second) = (
        noise.normal(shape, .float64).to(types.added), noise.normal(shape, .float64).to(types.added)
      )
      for moving in [[true, true, true], [true, false, true], [false, true, false]] {
        KernelComparison.check(
          "two, \(shape)", [stream, first, second], moving: moving, tolerance: types.tolerance, set,
          kernel: { $0[0].adding($0[1], $0[2]) }, definition: { $0[0] + $0[1] + $0[2] })
      }
      KernelComparison.check(
        "one, \(shape)", [stream, first], tolerance: types.tolerance, set, kernel: { $0[0].adding($0[1]) },
        definition: { $0[0] + $0[1] })
    }
  }

  @Test(arguments: Instructions.allCases, KernelComparison.tolerances)
  func distancesAreTheDefinition(_ set: Instructions, _ precision: (dtype: DType, tolerance: Double)) {
    for shape in [[1, 1], [3, 7], [2, 33, 16], [70, 65]] {
      let noise = RandomGenerator(seed: 4)
      let a = noise.normal(shape, .float64).to(precision.dtype)
      let b = noise.normal(shape, .float64).to(precision.dtype)
      KernelComparison.check(
        "\(shape)", [a, b], moving: [true, false], tolerance: precision.tolerance, set,
        kernel: { $0[0].meanRowDistance(to: $0[1]) }, definition: { ($0[0] - $0[1]).norm(over: -1).mean() })
    }
  }

  @Test(arguments: Instructions.allCases) func equalRowsHaveNoGradient(_ set: Instructions) {
    Instructions.limited(to: set) {
      let x = RandomGenerator(seed: 5).normal([3, 20]).copy()
      let other = x.detached().copy()
      x.requiresGradient = true
      let distance = x.meanRowDistance(to: other)
      distance.backward()
      #expect(distance.item() == 0 && x.gradient!.abs().max().item() == 0)
    }
  }

  @Test(arguments: Instructions.allCases, [(DType.float64, -49), (.float32, -20), (.bfloat16, -8)])
  func rowsThatDifferByRoundingAloneHaveNoGradient(_ set: Instructions, _ precision: (dtype: DType, exponent: Int)) {
    Instructions.limited(to: set) {
      // Powers of two, so that nothing is rounded.
      let other = Tensor([1, 0, 0, 0, 2, 0, 0, 0] as [Double], shape: [2, 4])
      let unit = exp2(Double(precision.exponent))
      // The first row differs by as much as counts for nothing, the second by twice that.
      let change = Tensor([0, unit, 0, 0, 0, 0, 4 * unit, 0], shape: [2, 4])
      let x = (other + change).to(precision.dtype).copy()
      x.requiresGradient = true
      let distance = x.meanRowDistance(to: other.to(precision.dtype))
      distance.backward()
      let gradient = x.gradient!.to(.float64)
      #expect(distance.item() == 2 * unit && gradient.selected(0, 0).abs().max().item() == 0)
      #expect(gradient.doubles()[6] == 0.5)
    }
  }

  @Test(arguments: Instructions.allCases, KernelComparison.tolerances)
  func headsTurnAsTheirDefinition(_ set: Instructions, _ precision: (dtype: DType, tolerance: Double)) {
    for (batch, heads, length, width, half) in [
      (1, 1, 1, 2, 1), (2, 3, 5, 8, 2), (2, 2, 37, 64, 16), (1, 2, 9, 40, 20), (0, 1, 3, 4, 1),
    ] {
      let noise = RandomGenerator(seed: 6)
      let x = noise.normal([batch, length, heads, width], .float64).to(precision.dtype)
      let angles = noise.normal([length, half], .float64)
      let wide: DType = precision.dtype == .float64 ? .float64 : .float32
      let (cosines, sines) = (angles.cos().to(wide), angles.sin().to(wide))
      func definition(_ x: Tensor) -> Tensor {
        let parts = x.split([half, half, width - 2 * half])
        let (c, s) = (cosines.to(.float64), sines.to(.float64))
        return .concatenated([parts[0] * c - parts[1] * s, parts[1] * c + parts[0] * s, parts[2]], -1)
      }
      for isTransposed in [false, true] {
        let given = isTransposed ? x : x.transposed(1, 2).contiguous()
        KernelComparison.check(
          "\(given.shape)", [given], tolerance: precision.tolerance, set,
          kernel: { (isTransposed ? $0[0].transposed(1, 2) : $0[0]).rotated(cosines: cosines, sines: sines) },
          definition: { definition(isTransposed ? $0[0].transposed(1, 2) : $0[0]) })
      }
    }
  }
}
