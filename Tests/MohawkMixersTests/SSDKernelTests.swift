import MohawkTensor
import Testing

@testable import MohawkMixers

/// The kernels behind `SSD.chunks`, for every kind of processor that this machine can be.
@Suite(.serialized) struct SSDKernelTests {
  private func onEveryPath(_ body: (Instructions) -> Void) {
    for set in Instructions.allCases where set.rawValue <= Instructions.current.rawValue {
      Instructions.limited(to: set) { body(set) }
    }
  }

  /// y, last state and the gradients of all operands and of the skip.
  private func run(_ p: SSDProblem, _ skip: Tensor, chunk: Int = 64) -> [Tensor] {
    let leaves = (p.operands + [skip]).map { $0.leaf() }
    let (y, state) = SSD.chunks(
      x: leaves[0], b: leaves[1], c: leaves[2], logDecay: leaves[3], skip: leaves[5], chunk: chunk, state: leaves[4])
    return [y.detached(), state.detached()] + p.objective(y, state).gradients(of: leaves).map { $0! }
  }

  private func oracle(_ p: SSDProblem, _ skip: Tensor) -> [Tensor] {
    let leaves = (p.widened.operands + [skip.to(.float64)]).map { $0.leaf() }
    let (rows, state) = SSD.recurrence(
      x: leaves[0], b: leaves[1], c: leaves[2], logDecay: leaves[3], state: leaves[4])
    let y = rows + leaves[0] * leaves[5].unsqueezed(-1)
    return [y.detached(), state.detached()] + p.objective(y, state).gradients(of: leaves).map { $0! }
  }

  @Test(arguments: [DType.float64, .float32, .bfloat16])
  func everyPathHasTheResultsAndGradientsOfTheRecurrence(_ dtype: DType) {
    let random = RandomGenerator(seed: 3)
    for (length, heads, qkHeads, headDim, stateDim) in [
      (1, 1, 1, 1, 1), (65, 3, 1, 33, 16), (130, 2, 2, 64, 48), (70, 9, 1, 17, 5),
    ] {
      for decay in [DecayKind.ordinary, .nearlyNone, .strong] {
        let problem = SSDProblem(
          batch: 2, length: length, heads: heads, qkHeads: qkHeads, headDim: headDim, stateDim: stateDim, decay: decay
        ).rounded(to: dtype)
        let skip = random.normal([heads]).to(dtype == .float64 ? .float64 : .float32)
        let exact = oracle(problem, skip)
        let scale = exact.map(\.rms).max()! * 1e-2
        onEveryPath { path in
          for (index, (fast, slow)) in zip(run(problem, skip), exact).enumerated() {
            #expect(
              fast.error(from: slow, scale: scale) <= 2 * dtype.tolerance,
              "\(path), result \(index) of length \(length), \(decay)")
          }
        }
      }
    }
  }

  @Test func threadsChangeNothing() {
    let before = Runtime.threads
    defer { Runtime.threads = before }
    let problem = SSDProblem(length: 130, heads: 6, qkHeads: 2, headDim: 20, stateDim: 24).rounded(to: .float32)
    let skip = Tensor.full([6], 0.5)
    Runtime.threads = 1
    let alone = run(problem, skip)
    for threads in 2...4 {
      Runtime.threads = threads
      for (one, other) in zip(alone, run(problem, skip)) { #expect(one.isIdentical(to: other), "\(threads) threads") }
    }
  }

  @Test func tinyAndHugeValuesKeepTheirDigits() {
    for scale in [1e-30, 1e-15, 1e15] {
      let problem = SSDProblem(length: 100, headDim: 16, stateDim: 16)
      let skip = Tensor.full([4], 0.5)
      let scaled = problem.with([problem.x * scale, problem.b, problem.c, problem.logDecay, problem.state * scale])
      let (fast, slow) = (run(scaled.rounded(to: .float32), skip), run(problem.rounded(to: .float32), skip))
      for index in 0...1 { #expect((fast[index].to(.float64) * (1 / scale)).error(from: slow[index]) <= 3e-6) }
    }
  }

  @Test func aStateWithoutAReaderCostsNoGradient() {
    let problem = SSDProblem(length: 70)
    let leaves = problem.operands.map { $0.leaf() }
    let (_, state) = SSD.chunks(
      x: leaves[0], b: leaves[1], c: leaves[2], logDecay: leaves[3], chunk: 16, state: leaves[4])
    let gradients = (state * problem.stateCotangent).sum().gradients(of: leaves)
    #expect(gradients[2].map { $0.rms == 0 } ?? true, "the last state does not depend on c")
    let other = problem.operands.map { $0.leaf() }
    let (_, slow) = SSD.recurrence(x: other[0], b: other[1], c: other[2], logDecay: other[3], state: other[4])
    let expected = (slow * problem.stateCotangent).sum().gradients(of: other)
    for index in [0, 1, 3, 4] { #expect(gradients[index]!.error(from: expected[index]!) <= 1e-12) }
  }

  @Test func gradientsOfBAndCFromOneProjectionAreThoseOfASplit() {
    for (heads, qkHeads) in [(4, 4), (4, 2)] {
      let problem = SSDProblem(length: 70, heads: heads, qkHeads: qkHeads, headDim: 5, stateDim: 8)
      let width = qkHeads * 8
      func gradients(_ parts: (Tensor) -> (Tensor, Tensor)) -> [Tensor] {
        let flat = Tensor.concatenated([problem.b, problem.c].map { $0.reshaped(2, 70, width) }, -1)
        let (bc, x) = (flat.leaf(), problem.x.leaf())
        let (b, c) = parts(bc)
        let (y, _) = SSD.chunks(
          x: x, b: b.reshaped(2, 70, qkHeads, 8), c: c.reshaped(2, 70, qkHeads, 8), logDecay: problem.logDecay,
          chunk: 16)
        return (y * problem.yCotangent).sum().gradients(of: [x, bc]).map { $0! }
      }
      let fast = gradients { $0.halves() }
      let slow = gradients { bc in
        let parts = bc.split([width, width])
        return (parts[0], parts[1])
      }
      for (one, other) in zip(fast, slow) { #expect(one.isIdentical(to: other), "\(heads) and \(qkHeads) heads") }
    }
  }

  @Test func theSameThreadsGiveTheSameBits() {
    let before = Runtime.threads
    defer { Runtime.threads = before }
    for dtype in [DType.float32, .bfloat16] {
      let problem = SSDProblem(length: 200, heads: 5, qkHeads: 1, headDim: 33, stateDim: 17).rounded(to: dtype)
      for threads in 1...4 {
        Runtime.threads = threads
        for (one, other) in zip(run(problem, Tensor.full([5], 0.5)), run(problem, Tensor.full([5], 0.5))) {
          #expect(one.isIdentical(to: other), "\(threads) threads, \(dtype)")
        }
      }
    }
  }

  @Test func noTokensAndNoBatchGiveNothing() {
    for (batch, length) in [(2, 0), (0, 5)] {
      let shape = [batch, length, 3]
      let x = Tensor.zeros(shape + [4], .float32).leaf()
      let (y, state) = SSD.chunks(
        x: x, b: .zeros(shape + [6], .float32), c: .zeros(shape + [6], .float32), logDecay: .zeros(shape, .float32),
        chunk: 64)
      #expect(y.shape == x.shape && state.shape == [batch, 3, 4, 6])
      #expect((y.sum() + state.sum()).gradients(of: [x]).allSatisfy { $0.map { $0.shape == x.shape } ?? true })
    }
  }
}
