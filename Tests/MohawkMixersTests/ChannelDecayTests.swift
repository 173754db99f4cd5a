import MohawkTensor
import Testing

@testable import MohawkMixers

/// The forms of states with a decay per channel against their recurrence, with the delta rule and without.
@Suite struct ChannelDecayTests {
  private struct Problem {
    var q, k, v, logDecay, state: Tensor
    var beta: Tensor?

    /// - Parameters:
    ///   - length: of the sequences.
    ///   - delta: whether the delta rule stands between.
    ///   - decay: mean of what softplus makes the logarithms of decays.
    init(_ length: Int, delta: Bool, decay: Double = -2, _ dtype: DType = .float64) {
      let random = RandomGenerator(seed: 41 + UInt64(length))
      func unit(_ x: Tensor) -> Tensor { x / x.square().sum(over: -1, keep: true).sqrt() }
      q = unit(random.normal([2, length, 2, 5], .float64)).to(dtype)
      k = unit(random.normal([2, length, 2, 5], .float64) + 1).to(dtype)
      v = random.normal([2, length, 4, 3], .float64).to(dtype)
      logDecay = -(random.normal([2, length, 4, 5], .float64) + decay).softplus().to(dtype)
      state = random.normal([2, 4, 5, 3], .float64).to(dtype)
      beta = delta ? random.normal([2, length, 4], .float64).sigmoid().to(dtype) : nil
    }

    func chunks(from state: Tensor?) -> (y: Tensor, state: Tensor) {
      ChannelDecay.chunks(q: q, k: k, v: v, beta: beta, logDecay: logDecay, state: state)
    }

    func recurrence(from state: Tensor?) -> (y: Tensor, state: Tensor) {
      ChannelDecay.recurrence(q: q, k: k, v: v, beta: beta, logDecay: logDecay, state: state)
    }
  }

  @Test(arguments: [1, 2, 15, 16, 17, 63, 100], [true, false])
  func chunksAreTheRecurrence(_ length: Int, _ delta: Bool) {
    // Ordinary decays, and such as forget everything at once.
    for decay in [-2.0, 200] {
      let problem = Problem(length, delta: delta, decay: decay)
      for state in [nil, problem.state] {
        let (found, wanted) = (problem.chunks(from: state), problem.recurrence(from: state))
        #expect(found.y.error(from: wanted.y) <= 1e-12, "\(decay)")
        #expect(found.state.error(from: wanted.state) <= 1e-12, "\(decay)")
      }
    }
  }

  @Test(arguments: [1, 5, 33], [true, false]) func gradientsOfBothFormsAreEqual(_ length: Int, _ delta: Bool) {
    var problem = Problem(length, delta: delta)
    let leaves =
      ([problem.q, problem.k, problem.v, problem.logDecay, problem.state] + [problem.beta].compactMap { $0 })
      .map { $0.leaf() }
    (problem.q, problem.k, problem.v) = (leaves[0], leaves[1], leaves[2])
    (problem.logDecay, problem.state, problem.beta) = (leaves[3], leaves[4], delta ? leaves[5] : nil)
    let random = RandomGenerator(seed: 8)
    let cotangent = random.normal(problem.v.shape, .float64)
    let other = random.normal(problem.state.shape, .float64)
    func gradients(_ made: (y: Tensor, state: Tensor)) -> [Tensor?] {
      ((made.y * cotangent).sum() + (made.state * other).sum()).gradients(of: leaves)
    }
    let fast = gradients(problem.chunks(from: problem.state))
    let slow = gradients(problem.recurrence(from: problem.state))
    for (fast, slow) in zip(fast, slow) { #expect(fast!.error(from: slow!) <= 1e-11) }
  }

  /// One decay for all channels of a head is the gated delta rule.
  @Test func equalDecaysAreTheGatedDeltaRule() {
    let problem = Problem(50, delta: true)
    let shared = problem.logDecay.narrowed(-1, from: 0, length: 1)
    let found = ChannelDecay.chunks(
      q: problem.q, k: problem.k, v: problem.v, beta: problem.beta, logDecay: shared.expanded(2, 50, 4, 5))
    let wanted = DeltaRule.recurrence(
      q: problem.q, k: problem.k, v: problem.v, beta: problem.beta!, logDecay: shared.squeezed(-1))
    #expect(found.y.error(from: wanted.y) <= 1e-12 && found.state.error(from: wanted.state) <= 1e-12)
  }

  /// Row i of the matrix is what token i makes of unit vectors as values.
  @Test(arguments: [1, 13, 16, 40], [true, false])
  func theMatrixIsTheRecurrenceOfUnitValues(_ length: Int, _ delta: Bool) {
    var problem = Problem(length, delta: delta)
    let units = Tensor.ones([length, length], .float64).lowerTriangle().upperTriangle()
    problem.v = units.reshaped(1, length, 1, length).expanded(2, length, 4, length)
    let matrix = ChannelDecay.matrix(
      q: problem.q, k: problem.k, beta: problem.beta, logDecay: problem.logDecay)
    #expect(matrix.error(from: problem.recurrence(from: nil).y.transposed(1, 2)) <= 1e-12)
    #expect(matrix.upperTriangle(1).abs().max().item() == 0)
  }
}
