import Foundation
import MohawkMixers
import MohawkTensor
import Testing

/// The four forms of structured state-space duality are one map.
@Suite struct SSDTests {
  static let forms: [SSDForm] = [
    .matrix, .chunks(1), .chunks(3), .chunks(16), .chunks(64), .chunks(1000), .plainChunks(16), .plainChunks(64),
  ]

  /// Compares results and gradients of a form with the recurrence.
  private func compare(_ form: SSDForm, _ problem: SSDProblem, tolerance: Double, _ what: String) {
    let fast = problem.runWithGradients(form)
    let slow = problem.runWithGradients(.recurrence)
    #expect(fast.y.error(from: slow.y) <= tolerance, "y, \(what)")
    #expect(fast.state.error(from: slow.state) <= tolerance, "state, \(what)")
    // Where everything is forgotten, the gradient by the decay is 0 by cancellation of terms of the others' size.
    let scale = slow.gradients.map { $0?.rms ?? 0 }.max()! * 1e-2
    for (index, name) in SSDProblem.names.enumerated() {
      guard let fast = fast.gradients[index], let slow = slow.gradients[index] else {
        #expect(name == "state" && !problem.hasState, "no gradient by \(name), \(what)")
        continue
      }
      #expect(fast.isAllFinite && slow.isAllFinite, "gradient by \(name), \(what)")
      #expect(fast.error(from: slow, scale: scale) <= tolerance, "gradient by \(name), \(what)")
    }
  }

  @Test(arguments: forms, [1, 2, 7, 63, 64, 65, 100])
  func everyFormHasTheResultsAndGradientsOfTheRecurrence(_ form: SSDForm, _ length: Int) {
    for (heads, qkHeads) in [(4, 4), (4, 2), (3, 1)] {
      var problem = SSDProblem(length: length, heads: heads, qkHeads: qkHeads)
      compare(form, problem, tolerance: 1e-12, "\(heads) heads over \(qkHeads)")
      problem.hasState = false
      compare(form, problem, tolerance: 1e-12, "\(heads) heads over \(qkHeads), no state")
    }
    compare(form, SSDProblem(batch: 1, length: length, heads: 1, qkHeads: 1), tolerance: 1e-12, "one head")
  }

  @Test(arguments: forms, DecayKind.allCases)
  func everyFormSurvivesExtremeDecays(_ form: SSDForm, _ decay: DecayKind) {
    for length in [5, 65, 100] {
      // Sums of log-decays reach -16 000 where these are mixed, and differences of them keep 2e-12.
      let tolerance = decay == .mixed ? 1e-11 : 1e-12
      compare(form, SSDProblem(length: length, decay: decay), tolerance: tolerance, "length \(length)")
    }
  }

  @Test(arguments: forms)
  func everyFormScalesWithItsInput(_ form: SSDForm) {
    for scale in [1e-9, 1e-3, 1e6, 1e50] {
      let problem = SSDProblem(length: 65)
      let scaled = problem.with([
        problem.x * scale, problem.b, problem.c, problem.logDecay, problem.state * scale,
      ])
      compare(form, scaled, tolerance: 1e-12, "x times \(scale)")
      let (y, state) = scaled.run(form)
      let (one, last) = problem.run(form)
      #expect((y * (1 / scale)).error(from: one) <= 1e-12)
      #expect((state * (1 / scale)).error(from: last) <= 1e-12)
    }
  }

  @Test(arguments: [SSDForm.recurrence, .chunks(16), .chunks(4)])
  func anEmptySequenceLeavesTheStateAsItIs(_ form: SSDForm) {
    var problem = SSDProblem(length: 0)
    #expect(problem.run(form).y.shape == [2, 0, 4, 3])
    #expect(problem.run(form).state.isIdentical(to: problem.state))
    problem.hasState = false
    #expect(problem.run(form).state.isIdentical(to: .zeros(problem.state.shape, .float64)))
    #expect(SSD.matrix(b: problem.b, c: problem.c, logDecay: problem.logDecay).shape == [2, 4, 0, 0])
  }

  @Test(arguments: [SSDForm.recurrence, .matrix, .chunks(3), .chunks(16)])
  func gradientsAreTheDifferencesOfTheResults(_ form: SSDForm) {
    let problem = SSDProblem(batch: 1, length: 7, heads: 2, qkHeads: 1, headDim: 2, stateDim: 3)
    let gradients = problem.runWithGradients(form).gradients
    let step = 1e-5
    for (index, name) in SSDProblem.names.enumerated() {
      let operand = problem.operands[index]
      var differences: [Double] = []
      for element in 0..<operand.count {
        let ends = [step, -step].map { shift in
          var moved = problem.operands
          moved[index] = operand.copy()
          let place = moved[index].reshaped(-1).narrowed(0, from: element, length: 1)
          place.addInPlace(.full([1], shift, .float64))
          let (y, state) = problem.with(moved).run(form)
          return problem.objective(y, state).item()
        }
        differences.append((ends[0] - ends[1]) / (2 * step))
      }
      let numeric = Tensor(differences, shape: operand.shape)
      #expect(gradients[index]!.error(from: numeric) <= 1e-8, "gradient by \(name)")
    }
  }

  @Test(arguments: [SSDForm.recurrence, .matrix, .chunks(16), .chunks(64)], [DType.float32, .bfloat16])
  func lowPrecisionStaysWithinTheTable(_ form: SSDForm, _ dtype: DType) {
    for decay in [DecayKind.ordinary, .none, .nearlyNone, .strong, .total] {
      for length in [1, 65, 100] {
        let problem = SSDProblem(length: length, decay: decay).rounded(to: dtype)
        let low = problem.runWithGradients(form)
        let exact = problem.widened.runWithGradients(.recurrence)
        #expect(low.y.dtype == dtype && low.state.dtype == .float32)
        #expect(low.y.error(from: exact.y) <= dtype.tolerance, "y, \(decay), length \(length)")
        #expect(low.state.error(from: exact.state) <= dtype.tolerance, "state, \(decay), length \(length)")
        let scale = exact.gradients.map { $0!.rms }.max()! * 1e-2
        for (index, name) in SSDProblem.names.enumerated() {
          let error = low.gradients[index]!.error(from: exact.gradients[index]!, scale: scale)
          #expect(error <= 2 * dtype.tolerance, "gradient by \(name), \(decay), length \(length)")
        }
      }
    }
  }

  /// A difference of cumulative sums keeps the rounding of the sums: 2⁻²⁴ of their size, here about 16 000.
  @Test(arguments: [SSDForm.matrix, .chunks(16), .chunks(64)])
  func singlePrecisionLosesDigitsBesideTotalDecays(_ form: SSDForm) {
    let problem = SSDProblem(length: 100, decay: .mixed).rounded(to: .float32)
    let error = problem.run(form).y.error(from: problem.widened.run(.recurrence).y)
    #expect(error <= 2e-4)
  }

  @Test func theMatrixIsTheProductOfDecays() {
    let problem = SSDProblem(batch: 1, length: 6, heads: 2, qkHeads: 1, stateDim: 4)
    let matrix = SSD.matrix(b: problem.b, c: problem.c, logDecay: problem.logDecay)
    let (b, c, logs) = (problem.b.doubles(), problem.c.doubles(), problem.logDecay.doubles())
    var expected: [Double] = []
    for head in 0..<2 {
      for i in 0..<6 {
        for j in 0..<6 {
          let dot = (0..<4).reduce(0) { $0 + c[i * 4 + $1] * b[j * 4 + $1] }
          let decay = i > j ? (j + 1...i).reduce(0) { $0 + logs[$1 * 2 + head] } : 0
          expected.append(i < j ? 0 : dot * exp(decay))
        }
      }
    }
    #expect(matrix.error(from: Tensor(expected, shape: [1, 2, 6, 6])) <= 1e-14)
  }
}
