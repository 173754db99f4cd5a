import MohawkMixers
import MohawkTensor
import Testing

/// Operands of a selective scan in fp64, and cotangents of its two results.
private struct ScanProblem {
  var x, b, c, steps, rates, state: Tensor
  let yCotangent, stateCotangent: Tensor

  init(length: Int, decay: DecayKind = .ordinary) {
    let random = RandomGenerator(seed: 1)
    let (batch, channels, states) = (2, 3, 4)
    x = random.normal([batch, length, channels], .float64)
    b = random.normal([batch, length, states], .float64)
    c = random.normal([batch, length, states], .float64)
    // Steps times rates are as the decay says, spread over a factor of four.
    steps = -decay.logDecay([batch, length, channels], random)
    rates = random.uniform([channels, states], .float64) * -1.5 - 0.5
    state = random.normal([batch, channels, states], .float64)
    yCotangent = random.normal(x.shape, .float64)
    stateCotangent = random.normal(state.shape, .float64)
  }

  static let names = ["x", "b", "c", "steps", "rates", "state"]
  var operands: [Tensor] { [x, b, c, steps, rates, state] }

  func run(_ form: (ScanProblem) -> (y: Tensor, state: Tensor)) -> (y: Tensor, state: Tensor, gradients: [Tensor?]) {
    var own = self
    let leaves = operands.map { $0.leaf() }
    (own.x, own.b, own.c) = (leaves[0], leaves[1], leaves[2])
    (own.steps, own.rates, own.state) = (leaves[3], leaves[4], leaves[5])
    let (y, state) = form(own)
    let objective = (y * yCotangent).sum() + (state * stateCotangent).sum()
    return (y.detached(), state.detached(), objective.gradients(of: leaves))
  }

  func recurrence() -> (y: Tensor, state: Tensor) {
    SelectiveScan.recurrence(x: x, b: b, c: c, steps: steps, rates: rates, state: state)
  }
  func blocks(_ block: Int) -> (y: Tensor, state: Tensor) {
    SelectiveScan.blocks(x: x, b: b, c: c, steps: steps, rates: rates, block: block, state: state)
  }
}

@Suite struct SelectiveScanTests {
  @Test(arguments: DecayKind.allCases, [1, 7, 32, 65])
  func blocksAreTheRecurrence(_ decay: DecayKind, _ length: Int) {
    let problem = ScanProblem(length: length, decay: decay)
    let slow = problem.run { $0.recurrence() }
    let scale = slow.gradients.map { $0!.rms }.max()! * 1e-2
    for block in [1, 4, 32, 100] {
      let fast = problem.run { $0.blocks(block) }
      #expect(fast.y.error(from: slow.y, scale: 1e-15) <= 1e-12 && fast.state.error(from: slow.state) <= 1e-12)
      for (index, name) in ScanProblem.names.enumerated() {
        let error = fast.gradients[index]!.error(from: slow.gradients[index]!, scale: scale)
        #expect(error <= 1e-12, "gradient by \(name), blocks of \(block)")
      }
    }
  }

  @Test(arguments: DecayKind.allCases)
  func theMatrixIsTheRecurrence(_ decay: DecayKind) {
    let problem = ScanProblem(length: 33, decay: decay)
    let matrix = SelectiveScan.matrix(b: problem.b, c: problem.c, steps: problem.steps, rates: problem.rates)
    let mixed = matrix.matmul(problem.x.transposed(1, 2).unsqueezed(-1)).squeezed(-1).transposed(1, 2)
    let y = SelectiveScan.recurrence(
      x: problem.x, b: problem.b, c: problem.c, steps: problem.steps, rates: problem.rates
    ).y
    #expect(mixed.error(from: y, scale: 1e-15) <= 1e-12)
    #expect(matrix.upperTriangle(1).abs().max().item() == 0)
  }

  /// Where all elements of a state decay alike, and all channels take the same steps, there is one matrix: Mamba-2's.
  @Test func withOneDecayForAllItIsStateSpaceDuality() {
    var problem = ScanProblem(length: 50)
    problem.steps = problem.steps.narrowed(2, from: 0, length: 1).expanded(2, 50, 3)
    problem.rates.fill(-0.7)
    let scaled = problem.x * problem.steps
    let dual = SSD.recurrence(
      x: scaled.unsqueezed(2), b: problem.b.unsqueezed(2), c: problem.c.unsqueezed(2),
      logDecay: problem.steps.narrowed(2, from: 0, length: 1) * -0.7, state: problem.state.unsqueezed(1))
    let scan = problem.blocks(16)
    #expect(scan.y.error(from: dual.y.squeezed(2)) <= 1e-12)
    #expect(scan.state.error(from: dual.state.squeezed(1)) <= 1e-12)
  }

  @Test func anEmptySequenceLeavesTheStateAsItIs() {
    let problem = ScanProblem(length: 0)
    for (y, state) in [problem.recurrence(), problem.blocks(4)] {
      #expect(y.shape == [2, 0, 3] && state.isIdentical(to: problem.state))
    }
  }
}
