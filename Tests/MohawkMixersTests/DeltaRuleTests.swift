import MohawkTensor
import Testing

@testable import MohawkMixers

/// The forms of the gated delta rule against its recurrence.
@Suite struct DeltaRuleTests {
  /// Operands whose keys have unit length.
  private struct Problem {
    var q, k, v, beta, logDecay, state: Tensor

    /// - Parameters:
    ///   - length: of the sequences.
    ///   - spread: how far keys lie from each other; near 0 all of a head are the same.
    ///   - dtype: of everything.
    init(_ length: Int, spread: Double = 1, _ dtype: DType = .float64) {
      let random = RandomGenerator(seed: 31 + UInt64(length))
      func unit(_ x: Tensor) -> Tensor { x / x.square().sum(over: -1, keep: true).sqrt() }
      q = unit(random.normal([2, length, 2, 5], .float64)).to(dtype)
      k = unit(random.normal([2, length, 2, 5], .float64) * spread + 1).to(dtype)
      v = random.normal([2, length, 4, 3], .float64).to(dtype)
      beta = (random.normal([2, length, 4], .float64) + (spread < 1 ? 4 : 0)).sigmoid().to(dtype)
      logDecay = -(random.normal([2, length, 4], .float64) - (spread < 1 ? 6 : 2)).softplus().to(dtype)
      state = random.normal([2, 4, 5, 3], .float64).to(dtype)
    }

    var all: [Tensor] { [q, k, v, beta, logDecay, state] }

    func chunks(_ chunk: Int, from state: Tensor?) -> (y: Tensor, state: Tensor) {
      DeltaRule.chunks(q: q, k: k, v: v, beta: beta, logDecay: logDecay, chunk: chunk, state: state)
    }

    func recurrence(from state: Tensor?) -> (y: Tensor, state: Tensor) {
      DeltaRule.recurrence(q: q, k: k, v: v, beta: beta, logDecay: logDecay, state: state)
    }
  }

  @Test(arguments: [1, 2, 7, 63, 64, 65, 100], [1, 4, 12, 64])
  func chunksAreTheRecurrence(_ length: Int, _ chunk: Int) {
    let problem = Problem(length)
    for state in [nil, problem.state] {
      let (found, wanted) = (problem.chunks(chunk, from: state), problem.recurrence(from: state))
      #expect(found.y.error(from: wanted.y) <= 1e-12)
      #expect(found.state.error(from: wanted.state) <= 1e-12)
    }
  }

  @Test(arguments: [1, 5, 33]) func gradientsOfBothFormsAreEqual(_ length: Int) {
    var problem = Problem(length)
    let leaves = problem.all.map { $0.leaf() }
    (problem.q, problem.k, problem.v) = (leaves[0], leaves[1], leaves[2])
    (problem.beta, problem.logDecay, problem.state) = (leaves[3], leaves[4], leaves[5])
    let random = RandomGenerator(seed: 8)
    let cotangent = random.normal(problem.v.shape, .float64)
    let other = random.normal(problem.state.shape, .float64)
    func gradients(_ made: (y: Tensor, state: Tensor)) -> [Tensor?] {
      ((made.y * cotangent).sum() + (made.state * other).sum()).gradients(of: leaves)
    }
    let fast = gradients(problem.chunks(8, from: problem.state))
    let slow = gradients(problem.recurrence(from: problem.state))
    for (fast, slow) in zip(fast, slow) { #expect(fast!.error(from: slow!) <= 1e-11) }
  }

  /// Here the sum of the powers of A, which a product form would take, has terms of 10¹⁷.
  @Test func keysThatAreAlikeLoseNoDigits() {
    let problem = Problem(64, spread: 0.01, .float32)
    let exact = Problem(64, spread: 0.01)
    #expect(problem.chunks(64, from: nil).y.error(from: exact.recurrence(from: nil).y) <= 1e-5)
  }

  /// Row i of the matrix is what token i makes of unit vectors as values.
  @Test(arguments: [1, 2, 13, 64, 70]) func theMatrixIsTheRecurrenceOfUnitValues(_ length: Int) {
    var problem = Problem(length)
    let units = Tensor.ones([length, length], .float64).lowerTriangle().upperTriangle()
    problem.v = units.reshaped(1, length, 1, length).expanded(2, length, 4, length)
    let matrix = DeltaRule.matrix(q: problem.q, k: problem.k, beta: problem.beta, logDecay: problem.logDecay)
    #expect(matrix.error(from: problem.recurrence(from: nil).y.transposed(1, 2)) <= 1e-12)
    #expect(matrix.upperTriangle(1).abs().max().item() == 0)
  }
}
