import MohawkDistillation
import MohawkMixers
import MohawkTensor
import Testing

/// Stage 1 without the matrices against the matrices, values and gradients.
@Suite struct OrientationKernelTests {
  @Test(
    arguments: Instructions.allCases.filter { $0.rawValue <= Instructions.current.rawValue },
    [DType.float64, .float32, .bfloat16])
  func theTilesAreTheMatrices(_ set: Instructions, _ dtype: DType) {
    for length in [1, 2, 3, 63, 64, 65, 127, 130, 200] {
      for shape in OrientationShape.all {
        OrientationProblem(shape, length: length).check(dtype, set, "\(length) tokens, \(shape)")
      }
    }
  }

  @Test(
    arguments: Instructions.allCases.filter { $0.rawValue <= Instructions.current.rawValue },
    [-80, -20, -1, -0.03, -1e-7, 0])
  func extremeDecaysAreThoseOfTheMatrices(_ set: Instructions, _ logDecay: Double) {
    for dtype in [DType.float64, .float32, .bfloat16] {
      var problem = OrientationProblem(.plain, length: 200)
      problem.logDecay = Tensor.full(problem.logDecay.shape, logDecay, .float64)
      problem.check(dtype, set, "log-decays of \(logDecay)")
    }
  }

  @Test(arguments: [DType.float64, .float32]) func neighboursOfAnExtremeDecayKeepTheirDigits(_ dtype: DType) {
    var problem = OrientationProblem(.plain, length: 150)
    let kinds = [-80, -1e-7, -1e-3, -0.5, -1e-7, -80, -2, -1e-3]
    problem.logDecay = Tensor(
      (0..<problem.logDecay.count).map { kinds[($0 * 3 + $0 / 11) % kinds.count] }, shape: problem.logDecay.shape)
    problem.check(dtype, .current, "mixed log-decays")
  }

  @Test(arguments: [1e-6, 1e-3, 30, 1e3]) func magnitudesDoNotMatter(_ size: Double) {
    for dtype in [DType.float64, .float32, .bfloat16] {
      var problem = OrientationProblem(.plain, length: 100)
      (problem.q, problem.k) = (problem.q * size.squareRoot(), problem.k * size.squareRoot())
      problem.check(dtype, .current, "scores of \(size)", tolerance: dtype == .float32 ? 1e-3 : nil)
      problem = OrientationProblem(.plain, length: 100)
      (problem.b, problem.c) = (problem.b * size, problem.c * size)
      problem.check(dtype, .current, "B and C of \(size)")
    }
  }

  /// Tiles are left out where decay has wiped out the student, but not where B is as large as the decay is small.
  @Test func whatLargeNumbersBringAcrossLongDecaysIsKept() {
    func scaled(_ x: Tensor, _ first: Double, tokens: Int) -> Tensor {
      let (head, tail) = (x.narrowed(1, from: 0, length: tokens), x.narrowed(1, from: tokens, length: 192 - tokens))
      return .concatenated([head * first, tail], 1)
    }
    var problem = OrientationProblem(.plain, length: 192)
    problem.logDecay = Tensor.full(problem.logDecay.shape, -0.69, .float64)  // 2⁻⁶⁵ from token 63 to token 128
    problem.b = scaled(problem.b, 1e19, tokens: 64)
    problem.c = scaled(problem.c, 1e-19, tokens: 128)
    problem.check(.float32, .current, "B of 1e19")
  }

  @Test func withoutTokensTheDistanceIsZero() {
    let problem = OrientationProblem(.plain, length: 0)
    let leaves = problem.leaves(.float32)
    let distance = problem.tiled(.float32, leaves)
    #expect(distance.item() == 0)
    distance.backward()
    #expect(leaves.allSatisfy { $0.gradient!.rms == 0 })
  }

  @Test func equalMatricesHaveNoGradient() {
    // One token: the teacher's matrix is 1, the student's C · B + D.
    let ones = Tensor.full([1, 1, 1, 1], 1, .float32)
    let b = (ones * 0.5).leaf()
    let distance = Tensor.orientationDistance(
      q: ones, k: ones, scale: 1, b: b, c: ones, logDecay: Tensor.zeros([1, 1, 1], .float32),
      skip: Tensor.full([1], 0.5, .float32))
    distance.backward()
    #expect(distance.item() == 0 && b.gradient!.item() == 0)
  }

  @Test func whatIsNoNumberIsNotHidden() {
    let problem = OrientationProblem(.plain, length: 70)
    for index in 0..<3 {
      var bad = problem
      let poison = Tensor([Double.nan], shape: [1])
      switch index {
      case 0: bad.q = problem.q * poison
      case 1: bad.b = problem.b * poison
      default: bad.logDecay = problem.logDecay * poison
      }
      #expect(bad.tiled(.float32, bad.leaves(.float32)).item().isNaN)
    }
  }

  @Test func threadsChangeNothing() {
    let problem = OrientationProblem(.grouped, length: 150)
    let before = Runtime.threads
    defer { Runtime.threads = before }
    let results = [1, 2, 3, 4, 2].map { threads -> [Tensor] in
      Runtime.threads = threads
      let leaves = problem.leaves(.bfloat16)
      let distance = problem.tiled(.bfloat16, leaves)
      return [distance.detached()] + distance.gradients(of: leaves).map { $0! }
    }
    for other in results.dropFirst() {
      for (a, b) in zip(results[0], other) { #expect(a.isIdentical(to: b)) }
    }
  }

  @Test func theGradientComesFromWhatFollows() {
    let problem = OrientationProblem(.plain, length: 40)
    let (once, twice) = (problem.leaves(.float64), problem.leaves(.float64))
    problem.tiled(.float64, once).backward()
    (problem.tiled(.float64, twice) * -3).backward()
    for (a, b) in zip(once, twice) { #expect((a.gradient! * -3).error(from: b.gradient!) < 1e-14) }
  }

  @Test func nothingIsRecordedWithoutGradients() {
    let problem = OrientationProblem(.plain, length: 40)
    let leaves = problem.leaves(.float32)
    let quiet = withoutGradients { problem.tiled(.float32, leaves) }
    #expect(!quiet.requiresGradient)
    #expect(quiet.item() == problem.tiled(.float32, leaves).item())
  }
}
