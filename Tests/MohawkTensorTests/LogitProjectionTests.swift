import Foundation
import MohawkTensor
import Testing

/// Losses over the vocabulary with their gradients, against the plain forms in fp64.
@Suite struct LogitProjectionTests {
  /// Everything that goes in, in fp64; the forms compute with copies.
  struct Case {
    var rows = 9
    var vocabulary = 77
    var hasBias = true
    var divisor = 1.0
    var scale = 1.0
    var slice = 4

    func hidden(_ seed: UInt64) -> Tensor { RandomGenerator(seed: seed).normal([rows, 24], .float64) * scale }
    func weight(_ seed: UInt64) -> Tensor { RandomGenerator(seed: seed).normal([vocabulary, 24], .float64) }
    func bias(_ seed: UInt64) -> Tensor? {
      hasBias ? RandomGenerator(seed: seed).normal([vocabulary], .float64) * scale : nil
    }
  }

  static let cases = [
    Case(), Case(rows: 1, vocabulary: 1), Case(rows: 3, vocabulary: 7, slice: 1), Case(vocabulary: 8),
    Case(vocabulary: 16, hasBias: false), Case(rows: 5, vocabulary: 33, divisor: 8), Case(scale: 300, slice: 100),
    Case(vocabulary: 1031, hasBias: false, divisor: 0.5), Case(vocabulary: 600, scale: 1e-4),
    Case(rows: 130, slice: 64),
  ]

  struct Results {
    var loss: Double
    var hidden, weight: Tensor
    var bias: Tensor?
  }

  private func leaf(_ tensor: Tensor, _ dtype: DType) -> Tensor {
    let leaf = tensor.to(dtype).copy()
    leaf.requiresGradient = true
    return leaf
  }

  private func logits(_ hidden: Tensor, _ weight: Tensor, _ bias: Tensor?, _ divisor: Double) -> Tensor {
    let sums = hidden.matmul(weight.transposed())
    return (bias.map { sums + $0 } ?? sums) / divisor
  }

  private func targets(_ c: Case) -> Tensor { RandomGenerator(seed: 9).integers(0..<c.vocabulary, [c.rows]) }

  /// The plain form, in fp64, of numbers that were rounded to `dtype`.
  private func plain(_ c: Case, _ dtype: DType, distils: Bool) -> Results {
    func rounded(_ tensor: Tensor) -> Tensor { leaf(tensor.to(dtype), .float64) }
    let (hidden, weight, bias) = (rounded(c.hidden(1)), rounded(c.weight(2)), c.bias(3).map { leaf($0, .float64) })
    let logs = logits(hidden, weight, bias, c.divisor).logSoftmax(-1)
    let loss: Tensor
    if distils {
      let teacher = logits(rounded(c.hidden(4)), rounded(c.weight(5)), c.bias(6), 2).softmax(-1).detached()
      loss = -(teacher * logs).sum(over: -1).mean()
    } else {
      loss = -logs.gathered(-1, targets(c).unsqueezed(-1)).mean()
    }
    (loss * 0.3).backward()
    return Results(loss: loss.item(), hidden: hidden.gradient!, weight: weight.gradient!, bias: bias?.gradient)
  }

  private func fused(_ c: Case, _ dtype: DType, distils: Bool) -> Results {
    let wide = dtype == .float64 ? DType.float64 : .float32
    let head = LogitProjection(
      weight: leaf(c.weight(2), wide), bias: c.bias(3).map { leaf($0, wide) }, divisor: c.divisor)
    let hidden = c.hidden(1).to(dtype)
    #expect(head.takes(hidden))
    let found: (loss: Double, gradient: Tensor?)
    if distils {
      let teacher = LogitProjection(weight: c.weight(5).to(wide), bias: c.bias(6)?.to(wide), divisor: 2)
      found = head.distillationLoss(
        hidden, teacher: teacher, c.hidden(4).to(dtype), share: 0.3, slice: c.slice, needsGradient: true)
      #expect(teacher.weight.gradient == nil)
    } else {
      found = head.predictionLoss(hidden, targets: targets(c), share: 0.3, slice: c.slice, needsGradient: true)
    }
    return Results(
      loss: found.loss, hidden: found.gradient!, weight: head.weight.gradient!, bias: head.bias?.gradient)
  }

  /// The largest difference, relative to the largest number.
  private func error(_ found: Tensor, _ wanted: Tensor) -> Double {
    let exact = wanted.to(.float64)
    return (found.to(.float64) - exact).abs().max().item() / max(exact.abs().max().item(), 1e-12)
  }

  @Test(arguments: Instructions.allCases, [DType.float64, .float32, .bfloat16])
  func lossesAndGradientsAreThePlainForms(_ set: Instructions, _ dtype: DType) {
    for (index, c) in Self.cases.enumerated() {
      for distils in [true, false] {
        // Logits in the thousands have rounding errors of their own size in bf16.
        if dtype == .bfloat16, c.scale > 1 { continue }
        let tolerance: Double =
          switch dtype {
          case .float64: 1e-12
          // Tiny logits make probabilities that are nearly the teacher's: what is left is their rounding.
          case .float32: c.scale > 1 ? 1e-2 : c.scale < 1 ? 1e-3 : 1e-5
          default: 3e-2
          }
        let wanted = plain(c, dtype, distils: distils)
        let found = Instructions.limited(to: set) { fused(c, dtype, distils: distils) }
        let name = "case \(index), distils: \(distils)"
        #expect(abs(found.loss - wanted.loss) <= tolerance * max(1, abs(wanted.loss)), "\(name)")
        // A single word has probability 1 and no gradient.
        guard c.vocabulary > 1 else {
          #expect(found.weight.abs().max().item() < 1e-6, "\(name)")
          continue
        }
        #expect(error(found.hidden, wanted.hidden) < tolerance, "\(name)")
        #expect(error(found.weight, wanted.weight) < tolerance, "\(name)")
        if let bias = wanted.bias { #expect(error(found.bias!, bias) < tolerance, "\(name)") }
        #expect(found.hidden.dtype == dtype && found.weight.dtype == (dtype == .float64 ? .float64 : .float32))
      }
    }
  }

  @Test(arguments: [DType.float64, .float32, .bfloat16]) func gradientsAreAddedToWhatIsThere(_ dtype: DType) {
    let wide = dtype == .float64 ? DType.float64 : .float32
    let c = Case()
    let head = LogitProjection(weight: leaf(c.weight(2), wide), bias: leaf(c.bias(3)!, wide))
    func run() {
      _ = head.predictionLoss(
        c.hidden(1).to(dtype), targets: targets(c), share: 1, slice: 4, needsGradient: false)
    }
    run()
    let once = (head.weight.gradient!.copy(), head.bias!.gradient!.copy())
    run()
    #expect(error(head.weight.gradient!, once.0 * 2) < 1e-6)
    #expect(error(head.bias!.gradient!, once.1 * 2) < 1e-6)
  }

  @Test func whatIsFrozenGetsNoGradient() {
    let c = Case()
    let head = LogitProjection(weight: c.weight(2), bias: c.bias(3))
    let found = head.predictionLoss(c.hidden(1), targets: targets(c), share: 1, slice: 4, needsGradient: false)
    #expect(found.gradient == nil && head.weight.gradient == nil && head.bias!.gradient == nil)
  }

  @Test func noRowsGiveNoLossAndNoGradient() {
    let c = Case(rows: 0)
    let head = LogitProjection(weight: leaf(c.weight(2), .float32), bias: leaf(c.bias(3)!, .float32))
    let found = head.distillationLoss(
      c.hidden(1).to(.float32), teacher: LogitProjection(weight: c.weight(5).to(.float32)), c.hidden(4).to(.float32),
      share: 1, slice: 4, needsGradient: true)
    #expect(found.loss == 0 && found.gradient!.shape == [0, 24])
    #expect(head.weight.gradient!.abs().max().item() == 0 && head.bias!.gradient!.abs().max().item() == 0)
  }

  @Test(arguments: Instructions.allCases, [DType.float32, .bfloat16])
  func whatIsNotANumberStaysNone(_ set: Instructions, _ dtype: DType) {
    for place in [0, 5, 40, 76] {
      for isTeacher in [false, true] {
        let c = Case()
        var biases = [c.bias(3)!.to(.float32).floats(), c.bias(6)!.to(.float32).floats()]
        biases[isTeacher ? 1 : 0][place] = .nan
        let head = LogitProjection(weight: c.weight(2).to(.float32), bias: Tensor(biases[0]))
        let teacher = LogitProjection(weight: c.weight(5).to(.float32), bias: Tensor(biases[1]))
        let found = Instructions.limited(to: set) {
          head.distillationLoss(
            c.hidden(1).to(dtype), teacher: teacher, c.hidden(4).to(dtype), share: 1, slice: 4, needsGradient: true)
        }
        #expect(found.loss.isNaN && !found.gradient!.isFinite().any, "\(place)")
      }
    }
  }

  @Test func onlyPrecisionsThatFitAreTaken() {
    let head = LogitProjection(weight: .zeros([3, 2]))
    #expect(head.takes(.zeros([1, 2])) && head.takes(.zeros([1, 2], .bfloat16)))
    #expect(!head.takes(.zeros([1, 2], .float64)) && !head.takes(.zeros([1, 2], .float16)))
  }

  /// Every thread count within rounding; the same count bit by bit.
  @Test(arguments: [DType.float32, .bfloat16]) func threadsChangeOnlyRounding(_ dtype: DType) {
    let before = Runtime.threads
    defer { Runtime.threads = before }
    let c = Case(rows: 70, vocabulary: 1500, slice: 32)
    let reference = plain(c, dtype, distils: true)
    for threads in 1...4 {
      Runtime.threads = threads
      let (one, two) = (fused(c, dtype, distils: true), fused(c, dtype, distils: true))
      #expect(one.loss == two.loss && one.weight.floats() == two.weight.floats())
      #expect(one.hidden.to(.float32).floats() == two.hidden.to(.float32).floats())
      #expect(error(one.weight, reference.weight) < (dtype == .float32 ? 1e-5 : 3e-2))
    }
  }
}

extension Tensor {
  /// Whether any element is not 0.
  fileprivate var any: Bool { count > 0 && to(.float32).max().item() != 0 }
}
