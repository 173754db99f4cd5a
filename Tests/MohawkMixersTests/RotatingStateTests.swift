import Foundation
import MohawkTensor
import Testing

@testable import MohawkMixers

/// The forms of states that rotate against their recurrence.
@Suite struct RotatingStateTests {
  private struct Problem {
    var q, k, v, normals, logDecay, state: Tensor

    /// - Parameters:
    ///   - length: of the sequences.
    ///   - reflections: of every token.
    ///   - decay: mean of what softplus makes the logarithms of decays.
    init(_ length: Int, reflections: Int = 4, decay: Double = -2) {
      let random = RandomGenerator(seed: 51 + UInt64(length))
      q = random.normal([2, length, 2, 5], .float64)
      k = random.normal([2, length, 2, 5], .float64)
      v = random.normal([2, length, 4, 3], .float64)
      normals = random.normal([2, length, 4, reflections, 5], .float64)
      logDecay = -(random.normal([2, length, 4, 5], .float64) + decay).softplus()
      state = random.normal([2, 4, 5, 3], .float64)
    }

    func chunks(from state: Tensor?) -> (y: Tensor, state: Tensor) {
      RotatingState.chunks(q: q, k: k, v: v, normals: normals, logDecay: logDecay, state: state)
    }

    func recurrence(from state: Tensor?) -> (y: Tensor, state: Tensor) {
      RotatingState.recurrence(q: q, k: k, v: v, normals: normals, logDecay: logDecay, state: state)
    }
  }

  @Test(arguments: [1, 2, 31, 32, 33, 100], [0, 1, 4]) func chunksAreTheRecurrence(_ length: Int, _ reflections: Int) {
    // Ordinary decays, and such as forget everything at once.
    for decay in [-2.0, 200] {
      let problem = Problem(length, reflections: reflections, decay: decay)
      for state in [nil, problem.state] {
        let (found, wanted) = (problem.chunks(from: state), problem.recurrence(from: state))
        #expect(found.y.error(from: wanted.y) <= 1e-12, "\(decay)")
        #expect(found.state.error(from: wanted.state) <= 1e-12, "\(decay)")
      }
    }
  }

  @Test(arguments: [1, 5, 70]) func gradientsOfBothFormsAreEqual(_ length: Int) {
    var problem = Problem(length)
    let leaves = [problem.q, problem.k, problem.v, problem.normals, problem.logDecay, problem.state].map { $0.leaf() }
    (problem.q, problem.k, problem.v) = (leaves[0], leaves[1], leaves[2])
    (problem.normals, problem.logDecay, problem.state) = (leaves[3], leaves[4], leaves[5])
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

  /// Row i of the matrix is what token i makes of unit vectors as values.
  @Test(arguments: [1, 13, 32, 70]) func theMatrixIsTheRecurrenceOfUnitValues(_ length: Int) {
    var problem = Problem(length)
    let units = Tensor.ones([length, length], .float64).lowerTriangle().upperTriangle()
    problem.v = units.reshaped(1, length, 1, length).expanded(2, length, 4, length)
    let matrix = RotatingState.matrix(
      q: problem.q, k: problem.k, normals: problem.normals, logDecay: problem.logDecay)
    #expect(matrix.error(from: problem.recurrence(from: nil).y.transposed(1, 2)) <= 1e-12)
    #expect(matrix.upperTriangle(1).abs().max().item() == 0)
  }

  @Test func whatRotatesNothingIsGatedLinearAttention() {
    let problem = Problem(50)
    let wanted = ChannelDecay.recurrence(
      q: problem.q, k: problem.k, v: problem.v, beta: nil, logDecay: problem.logDecay)
    let first = problem.normals.narrowed(3, from: 0, length: 1)
    for normals in [problem.normals * 0, .concatenated([first, first * 3], 3)] {
      let found = RotatingState.chunks(
        q: problem.q, k: problem.k, v: problem.v, normals: normals, logDecay: problem.logDecay)
      #expect(found.y.error(from: wanted.y) <= 1e-12 && found.state.error(from: wanted.state) <= 1e-12)
    }
  }

  /// Rotation neither adds to a state nor takes from it.
  @Test func reflectionsKeepLengths() {
    let problem = Problem(1)
    let rotated = RotatingState.rotated(problem.state, RotatingState.units(problem.normals.selected(1, 0)))
    let (before, after) = (problem.state.square().sum(over: -2), rotated.square().sum(over: -2))
    #expect(after.error(from: before) < 1e-12 && rotated.error(from: problem.state) > 0.1)
  }

  /// Two reflections are a rotation by twice the angle between them, so that a state can hold positions.
  @Test func rotationsOfAPlaneAreTransitions() {
    // Rotation by θ in the first two of three channels: reflections at the axis, then at half the angle.
    let (angle, length) = (0.7, 6)
    let normals = Tensor([1, 0, 0, cos(angle / 2), sin(angle / 2), 0], shape: [1, 1, 1, 2, 3])
      .expanded(1, length, 1, 2, 3)
    let axis = Tensor([1.0, 0, 0], shape: [1, 1, 1, 3]).expanded(1, length, 1, 3)
    let matrix = RotatingState.matrix(
      q: axis, k: axis, normals: normals, logDecay: .zeros([1, length, 1, 3], .float64))
    for i in 0..<length {
      for j in 0...i {
        let found = matrix.selected(2, i).selected(2, j).item()
        #expect(abs(found - cos(angle * Double(i - j))) < 1e-12)
      }
    }
  }
}
