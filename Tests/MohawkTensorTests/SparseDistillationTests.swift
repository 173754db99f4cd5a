import Foundation
import MohawkTensor
import Testing

/// The loss against what was kept of a teacher's probabilities, with its gradients, against the plain form in fp64.
@Suite struct SparseDistillationTests {
  typealias Case = LogitProjectionTests.Case

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

  /// What a drawn teacher finds most likely.
  private func target(_ c: Case, _ count: Int) -> TopProbabilities {
    TopProbabilities(of: RandomGenerator(seed: 8).normal([c.rows, c.vocabulary], .float64) * 2, count: count)
  }

  /// −Σ p log q − rest · log Σ q of all others, written down with one factor for every id, for numbers of `dtype`.
  private func plain(_ c: Case, _ target: TopProbabilities, _ dtype: DType) -> Results {
    func rounded(_ tensor: Tensor) -> Tensor { leaf(tensor.to(dtype), .float64) }
    let (hidden, weight, bias) = (rounded(c.hidden(1)), rounded(c.weight(2)), c.bias(3).map { leaf($0, .float64) })
    let sums = hidden.matmul(weight.transposed())
    let logits = (bias.map { sums + $0 } ?? sums) / c.divisor
    let logs = logits.logSoftmax(-1)
    let (ids, p, rest) = (target.ids.integers(), target.probabilities.doubles(), target.rest.doubles())
    let count = target.ids.size(1)
    let isAll = count == c.vocabulary
    var factors = [Double](repeating: 0, count: c.rows * c.vocabulary)
    var hides = [Double](repeating: 0, count: c.rows * c.vocabulary)
    var shares = [Double](repeating: 0, count: c.rows)
    for row in 0..<c.rows {
      let named = row * count..<(row + 1) * count
      let mass = named.reduce(isAll ? 0 : rest[row]) { $0 + p[$1] }
      for place in named {
        factors[row * c.vocabulary + ids[place]] = p[place] / mass
        hides[row * c.vocabulary + ids[place]] = 1
      }
      shares[row] = rest[row] / mass
    }
    let shape = [c.rows, c.vocabulary]
    var each = (Tensor(factors, shape: shape) * logs).sum(over: -1)
    if !isAll {
      let mask = Tensor(hides, shape: shape).greater(0.5)
      each = each + Tensor(shares) * logs.filled(where: mask, with: -.infinity).logSumExp(over: -1)
    }
    let loss = -each.mean()
    (loss * 0.3).backward()
    return Results(loss: loss.item(), hidden: hidden.gradient!, weight: weight.gradient!, bias: bias?.gradient)
  }

  private func fused(_ c: Case, _ target: TopProbabilities, _ dtype: DType) -> Results {
    let wide = dtype == .float64 ? DType.float64 : .float32
    let head = LogitProjection(
      weight: leaf(c.weight(2), wide), bias: c.bias(3).map { leaf($0, wide) }, divisor: c.divisor)
    let found = head.distillationLoss(
      c.hidden(1).to(dtype), target: target, share: 0.3, slice: c.slice, needsGradient: true)
    return Results(
      loss: found.loss, hidden: found.gradient!, weight: head.weight.gradient!, bias: head.bias?.gradient)
  }

  /// The largest difference, relative to the largest number.
  private func error(_ found: Tensor, _ wanted: Tensor) -> Double {
    let exact = wanted.to(.float64)
    return (found.to(.float64) - exact).abs().max().item() / max(exact.abs().max().item(), 1e-12)
  }

  private func tolerance(_ c: Case, _ dtype: DType) -> Double {
    switch dtype {
    case .float64: 1e-11
    case .float32: c.scale > 1 ? 1e-2 : c.scale < 1 ? 1e-3 : 1e-5
    default: 3e-2
    }
  }

  private func expectSame(_ found: Results, _ wanted: Results, _ tolerance: Double, _ name: String) {
    #expect(abs(found.loss - wanted.loss) <= tolerance * max(1, abs(wanted.loss)), "\(name)")
    #expect(error(found.hidden, wanted.hidden) < tolerance, "\(name)")
    #expect(error(found.weight, wanted.weight) < tolerance, "\(name)")
    if let bias = wanted.bias { #expect(error(found.bias!, bias) < tolerance, "\(name)") }
  }

  @Test(arguments: Instructions.allCases, [DType.float64, .float32, .bfloat16])
  func lossesAndGradientsAreThePlainForms(_ set: Instructions, _ dtype: DType) {
    for (index, c) in LogitProjectionTests.cases.enumerated() where c.vocabulary > 1 {
      // Logits in the thousands have rounding errors of their own size in bf16.
      if dtype == .bfloat16, c.scale > 1 { continue }
      for count in Set([1, 5, c.vocabulary - 1, c.vocabulary]) where count <= c.vocabulary {
        let target = target(c, count)
        let found = Instructions.limited(to: set) { fused(c, target, dtype) }
        expectSame(found, plain(c, target, dtype), tolerance(c, dtype), "case \(index), top \(count)")
      }
    }
  }

  @Test(arguments: [DType.float64, .float32, .bfloat16]) func everyIdIsTheWholeDistribution(_ dtype: DType) {
    let c = Case()
    let wide = dtype == .float64 ? DType.float64 : .float32
    let teacher = LogitProjection(weight: c.weight(5).to(wide), bias: c.bias(6)!.to(wide), divisor: 2)
    let theirs = c.hidden(4).to(dtype)
    let head = LogitProjection(weight: leaf(c.weight(2), wide), bias: leaf(c.bias(3)!, wide))
    let dense = head.distillationLoss(
      c.hidden(1).to(dtype), teacher: teacher, theirs, share: 0.3, slice: 4, needsGradient: true)
    let (weight, bias) = (head.weight.gradient!, head.bias!.gradient!)
    let logits = (theirs.matmul(teacher.weight.to(dtype).transposed()).to(wide) + teacher.bias!) / 2
    let target = TopProbabilities(of: logits, count: c.vocabulary)
    #expect(target.rest.abs().max().item() == 0)
    let sparse = fused(c, target, dtype)
    let tolerance = dtype == .float64 ? 1e-12 : dtype == .float32 ? 1e-5 : 1e-2
    #expect(abs(sparse.loss - dense.loss) < tolerance * dense.loss)
    #expect(error(sparse.hidden, dense.gradient!) < tolerance)
    #expect(error(sparse.weight, weight) < tolerance && error(sparse.bias!, bias) < tolerance)
  }

  /// The first and the last id, one of them alone, and rests that are almost nothing or almost everything.
  @Test(arguments: Instructions.allCases, [DType.float64, .float32])
  func endsAndExtremesAreThePlainForms(_ set: Instructions, _ dtype: DType) {
    let c = Case(rows: 6, vocabulary: 77)
    let last = Int32(c.vocabulary - 1)
    let ids = Tensor([0, last, last, 0, 0, 1, 75, last, 38, 0, 16, 15], shape: [6, 2])
    let rests: [Double] = [0, 1e-30, 1e-12, 1e-3, 0.5, 1 - 1e-6]
    let p = rests.flatMap { [(1 - $0) * 0.75, (1 - $0) * 0.25] }
    let target = TopProbabilities(ids: ids, probabilities: Tensor(p, shape: [6, 2]), rest: Tensor(rests))
    let found = Instructions.limited(to: set) { fused(c, target, dtype) }
    expectSame(found, plain(c, target, dtype), dtype == .float64 ? 1e-11 : 1e-5, "top 2")
    let one = TopProbabilities(
      ids: ids.narrowed(1, from: 1, length: 1).contiguous(),
      probabilities: Tensor(rests.map { 1 - $0 }, shape: [6, 1]),
      rest: Tensor(rests))
    let alone = Instructions.limited(to: set) { fused(c, one, dtype) }
    expectSame(alone, plain(c, one, dtype), dtype == .float64 ? 1e-11 : 1e-5, "top 1")
  }

  /// A student that gives the others e to the power of −300 knows how small that is, and is pulled towards them.
  @Test(arguments: Instructions.allCases, [DType.float64, .float32])
  func othersWithoutAnyProbabilityAreStillOneOutcome(_ set: Instructions, _ dtype: DType) {
    let head = LogitProjection(weight: leaf(Tensor([300.0, 1, 0, -1, 2], shape: [5, 1]), dtype))
    let target = TopProbabilities(
      ids: Tensor([Int32(0)], shape: [1, 1]), probabilities: Tensor([0.75], shape: [1, 1]), rest: Tensor([0.25]))
    let found = Instructions.limited(to: set) {
      head.distillationLoss(.ones([1, 1], dtype), target: target, share: 1, slice: 4, needsGradient: true)
    }
    let others = [1.0, 0, -1, 2].reduce(0) { $0 + exp($1) }
    #expect(abs(found.loss - 0.25 * (300 - log(others))) < 1e-4)
    let wanted = [0.25] + [1.0, 0, -1, 2].map { -0.25 * exp($0) / others }
    for (mine, exact) in zip(head.weight.gradient!.doubles(), wanted) { #expect(abs(mine - exact) < 1e-6) }
  }

  @Test func whatIsNotANumberStaysNone() {
    let c = Case()
    for place in [0, 5, 40, 76] {
      for named in [place, (place + 1) % 77] {
        var bias = c.bias(3)!.to(.float32).floats()
        bias[place] = .nan
        let head = LogitProjection(weight: c.weight(2).to(.float32), bias: Tensor(bias))
        let ids = Tensor([Int32](repeating: Int32(named), count: 9), shape: [9, 1])
        let target = TopProbabilities(
          ids: ids, probabilities: .full([9, 1], 0.5, .float32), rest: .full([9], 0.5, .float32))
        let found = head.distillationLoss(
          c.hidden(1).to(.float32), target: target, share: 1, slice: 4, needsGradient: true)
        #expect(found.loss.isNaN && found.gradient!.isFinite().all().intItem() == 0, "\(place) \(named)")
      }
    }
  }

  @Test func whatIsKeptAreTheLargestAndTheRestIsExact() {
    let logits = Tensor([1.0, 3, 2, -80, 0, 0, 90, 0], shape: [2, 4])
    let top = TopProbabilities(of: logits, count: 2)
    #expect(
      top.ids.integers() == [1, 2, 2, 0] || top.ids.integers() == [1, 2, 2, 1] || top.ids.integers() == [1, 2, 2, 3])
    let all = logits.softmax(-1).doubles()
    #expect(abs(top.rest.doubles()[0] - (all[0] + all[3])) < 1e-15)
    // The rest of the second row would be lost in 1 − Σ p.
    #expect(abs(top.rest.doubles()[1] / (all[5] * 2) - 1) < 1e-12 && top.rest.doubles()[1] < 1e-38)
    let some = top.rows(1..<2)
    #expect(some.ids.shape == [1, 2] && some.rest.doubles() == [top.rest.doubles()[1]])
  }

  @Test(arguments: [DType.float32, .bfloat16]) func threadsChangeOnlyRounding(_ dtype: DType) {
    let before = Runtime.threads
    defer { Runtime.threads = before }
    let c = Case(rows: 70, vocabulary: 1500, slice: 32)
    let target = target(c, 64)
    let reference = plain(c, target, dtype)
    for threads in 1...3 {
      Runtime.threads = threads
      let (one, two) = (fused(c, target, dtype), fused(c, target, dtype))
      #expect(one.loss == two.loss && one.weight.floats() == two.weight.floats())
      #expect(error(one.weight, reference.weight) < (dtype == .float32 ? 1e-5 : 3e-2))
    }
  }
}
