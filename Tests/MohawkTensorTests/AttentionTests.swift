import MohawkTensor
import Testing

/// Causal attention without gradients against its definition in fp64.
@Suite struct AttentionTests {
  private func definition(_ q: Tensor, _ k: Tensor, _ v: Tensor, _ scale: Double) -> Tensor {
    let scores = q.to(.float64).matmul(k.to(.float64).transposed()) * scale
    let mask = Tensor.full([q.size(2), q.size(2)], -1e30, .float64).upperTriangle(1)
    return (scores + mask).softmax(-1).matmul(v.to(.float64))
  }

  @Test(arguments: Instructions.allCases, [DType.bfloat16, .float32])
  func oddLengthsAndWidthsAreTheDefinition(_ set: Instructions, _ dtype: DType) {
    for (batch, heads, length, width) in [
      (1, 1, 1, 2), (2, 3, 2, 5), (1, 2, 63, 32), (2, 1, 64, 64), (1, 3, 65, 80), (1, 2, 200, 7), (3, 2, 130, 16),
    ] {
      let noise = RandomGenerator(seed: UInt64(length))
      func draw() -> Tensor { noise.normal([batch, length, heads, width]).to(dtype).transposed(1, 2) }
      let (q, k, v) = (draw(), draw(), draw())
      let found = Instructions.limited(to: set) { q.attention(keys: k, values: v, causal: true, scale: 0.3) }
      #expect(found.dtype == dtype && found.shape == [batch, heads, length, width])
      let wanted = definition(q, k, v, 0.3)
      #expect(
        KernelComparison.error(found, wanted) < (dtype == .bfloat16 ? 1.5e-2 : 1e-5),
        "\(length) of \(width) in \(dtype)")
    }
  }

  @Test(arguments: [1e-4, 1, 30, -30]) func scoresMayGrowAlongARow(_ growth: Double) {
    let (length, width) = (300, 32)
    let noise = RandomGenerator(seed: 2)
    let rise = (Tensor.range(0, length, .float32) * (growth / Double(length))).unsqueezed(-1)
    let q = (noise.normal([1, 1, length, width]) * 0.1 + 1).to(.bfloat16)
    let k = (noise.normal([1, 1, length, width]) * 0.1 + rise).to(.bfloat16)
    let v = noise.normal([1, 1, length, width]).to(.bfloat16)
    let found = q.attention(keys: k, values: v, causal: true, scale: 1)
    #expect(KernelComparison.error(found, definition(q, k, v, 1)) < 1.5e-2)
  }

  @Test func resultsDoNotDependOnTheNumberOfThreads() {
    let before = Runtime.threads
    defer { Runtime.threads = before }
    let q = RandomGenerator(seed: 3).normal([2, 3, 100, 24]).to(.bfloat16)
    let results = [1, 2, 3, 4].map { threads in
      Runtime.threads = threads
      return q.attention(keys: q, values: q, causal: true, scale: 0.2)
    }
    for other in results.dropFirst() { #expect((other - results[0]).abs().max().item() == 0) }
  }

  @Test func gradientsFlowWhereTheyAreWanted() {
    let q = RandomGenerator(seed: 4).normal([1, 2, 9, 8]).to(.bfloat16).copy()
    q.requiresGradient = true
    q.attention(keys: q, values: q, causal: true, scale: 0.2).sum().backward()
    #expect(q.gradient!.abs().max().item() > 0)
  }
}
