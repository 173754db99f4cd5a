import MohawkLayers
import MohawkTensor
import Testing

@testable import MohawkMixers

/// The state-space map behind its convolutions as one operation, against the convolutions and the map one by one.
@Suite(.serialized) struct FilteredSSDTests {
  /// What a case is made of: x and bc before the convolutions, these, and the rest of the map's operands.
  struct Problem {
    var leaves: [Tensor]
    let xPast, bcPast: Tensor?
    let heads, groups, chunk: Int
    let hasBias, hasState: Bool
    let cotangents: [Tensor]

    init(
      _ dtype: DType, length: Int, heads: Int, groups: Int? = nil, headDim: Int, stateDim: Int, chunk: Int = 64,
      width: Int = 4, hasPast: Bool = false, hasBias: Bool = true, hasState: Bool = false,
      logDecay: Double? = nil
    ) {
      let random = RandomGenerator(seed: UInt64(length + heads))
      let wide = dtype == .float64 ? DType.float64 : .float32
      let groups = groups ?? heads
      let (channels, bcChannels) = (heads * headDim, 2 * groups * stateDim)
      func normal(_ shape: [Int], _ dtype: DType) -> Tensor { random.normal(shape, .float64).to(dtype) }
      leaves = [
        normal([2, length, channels], dtype), normal([2, length, bcChannels], dtype),
        normal([channels, 1, width], wide),
        normal([channels], wide), normal([bcChannels, 1, width], wide), normal([bcChannels], wide),
        logDecay.map { .full([2, length, heads], $0, wide) } ?? -normal([2, length, heads], wide).softplus(),
        normal([heads], wide),
        normal([2, heads, headDim, stateDim], wide),
      ]
      xPast = hasPast ? normal([2, width - 1, channels], wide) : nil
      bcPast = hasPast ? normal([2, width - 1, bcChannels], wide) : nil
      (self.heads, self.groups, self.chunk, self.hasBias, self.hasState) = (heads, groups, chunk, hasBias, hasState)
      cotangents = [normal([2, length, heads, headDim], .float64), normal([2, heads, headDim, stateDim], .float64)]
    }

    private func widened(_ dtype: DType) -> Problem {
      var other = self
      other.leaves = leaves.map { $0.to(dtype) }
      return other
    }

    private func split(_ x: Tensor, _ count: Int) -> Tensor {
      x.reshaped(x.size(0), x.size(1), count, x.size(2) / count)
    }

    typealias Map = (Problem, [Tensor]) -> (y: Tensor, state: Tensor)

    /// Results and gradients of all leaves that take part.
    func run(_ map: Map, in dtype: DType? = nil) -> [Tensor] {
      let problem = dtype.map { widened($0) } ?? self
      let leaves = problem.leaves.map { $0.leaf() }
      let (y, state) = map(problem, leaves)
      let objective = (y.to(.float64) * cotangents[0]).sum() + (state.to(.float64) * cotangents[1]).sum()
      return [y.detached(), state.detached()] + objective.gradients(of: leaves).compactMap { $0 }
    }

    static func together(_ p: Problem, _ l: [Tensor]) -> (y: Tensor, state: Tensor) {
      let (b, c) = l[1].halves()
      return p.split(l[0], p.heads).filteredStateSpace(
        b: p.split(b, p.groups), c: p.split(c, p.groups),
        xFilter: .init(weight: l[2], bias: p.hasBias ? l[3] : nil, past: p.xPast),
        bcFilter: .init(weight: l[4], bias: p.hasBias ? l[5] : nil, past: p.bcPast), logDecay: l[6], skip: l[7],
        state: p.hasState ? l[8] : nil, chunk: p.chunk)
    }

    static func oneByOne(_ p: Problem, _ l: [Tensor]) -> (y: Tensor, state: Tensor) {
      let (b, c) = l[1].causalConvolution(l[4], p.hasBias ? l[5] : nil, past: p.bcPast).halves()
      let x = l[0].causalConvolution(l[2], p.hasBias ? l[3] : nil, past: p.xPast)
      return p.split(x, p.heads).stateSpace(
        b: p.split(b, p.groups), c: p.split(c, p.groups), logDecay: l[6], skip: l[7], state: p.hasState ? l[8] : nil,
        chunk: p.chunk)
    }
  }

  private func onEveryPath(_ body: (Instructions) -> Void) {
    for set in Instructions.allCases where set.rawValue <= Instructions.current.rawValue {
      Instructions.limited(to: set) { body(set) }
    }
  }

  private func check(_ problem: Problem, _ dtype: DType, _ name: String) {
    let exact = problem.run(Problem.oneByOne, in: .float64)
    let scale = exact.map(\.rms).max()! * 1e-2
    onEveryPath { path in
      let (fast, slow) = (problem.run(Problem.together), problem.run(Problem.oneByOne))
      #expect(fast.count == exact.count)
      for index in 0...1 {
        #expect(fast[index].isIdentical(to: slow[index]), "\(path), result \(index) of \(name)")
      }
      for (index, (one, other)) in zip(fast, exact).enumerated() {
        #expect(one.error(from: other, scale: scale) <= 2 * dtype.tolerance, "\(path), result \(index) of \(name)")
      }
    }
  }

  @Test(arguments: [DType.float64, .float32, .bfloat16])
  func rowsFilteredAsTheyAreReadAreThoseOfTheConvolutions(_ dtype: DType) {
    for length in [1, 2, 3, 4, 63, 64, 65, 67, 128, 131, 200] {
      check(Problem(dtype, length: length, heads: 3, headDim: 16, stateDim: 32), dtype, "length \(length)")
    }
    for heads in [1, 4, 5, 9] {
      let problem = Problem(dtype, length: 70, heads: heads, headDim: 32, stateDim: 16, hasPast: true, hasState: true)
      check(problem, dtype, "\(heads) heads after others")
    }
    for decay in [-80.0, -1e-7] {
      check(
        Problem(dtype, length: 100, heads: 2, headDim: 16, stateDim: 16, chunk: 32, hasPast: true, logDecay: decay),
        dtype,
        "log-decay \(decay)")
    }
    for chunk in [4, 5, 16, 100] {
      check(
        Problem(dtype, length: 107, heads: 2, headDim: 16, stateDim: 16, chunk: chunk, hasBias: false), dtype,
        "chunks of \(chunk) without bias")
    }
  }

  @Test func otherGeometriesGoOneByOne() {
    for problem in [
      Problem(.float32, length: 70, heads: 4, groups: 2, headDim: 16, stateDim: 16),
      Problem(.float32, length: 70, heads: 2, headDim: 5, stateDim: 16),
      Problem(.float32, length: 70, heads: 2, headDim: 16, stateDim: 7, hasPast: true),
      Problem(.float32, length: 70, heads: 2, headDim: 16, stateDim: 16, width: 3),
      Problem(.float32, length: 70, heads: 2, headDim: 16, stateDim: 16, chunk: 3),
    ] {
      check(problem, .float32, "a geometry of its own")
    }
  }

  @Test func threadsChangeNothing() {
    let before = Runtime.threads
    defer { Runtime.threads = before }
    let problem = Problem(.bfloat16, length: 200, heads: 6, headDim: 32, stateDim: 64)
    Runtime.threads = 1
    let alone = problem.run(Problem.together)
    for threads in 2...4 {
      Runtime.threads = threads
      for (one, other) in zip(alone, problem.run(Problem.together)) {
        #expect(one.isIdentical(to: other), "\(threads) threads")
      }
    }
  }

  @Test func pastsThatWantGradientsGetThem() {
    let problem = Problem(.float64, length: 9, heads: 2, headDim: 16, stateDim: 16, hasPast: true)
    let past = problem.xPast!.leaf()
    func gradient(_ body: (Tensor) -> Tensor) -> Tensor {
      (body(past) * problem.cotangents[0]).sum().gradients(of: [past])[0]!
    }
    let l = problem.leaves
    let (b, c) = l[1].halves()
    func split(_ x: Tensor) -> Tensor { x.reshaped(2, 9, 2, 16) }
    let fast = gradient {
      split(l[0]).filteredStateSpace(
        b: split(b), c: split(c), xFilter: .init(weight: l[2], bias: l[3], past: $0),
        bcFilter: .init(weight: l[4], bias: l[5], past: nil), logDecay: l[6], chunk: 64
      ).y
    }
    let slow = gradient {
      let (b, c) = l[1].causalConvolution(l[4], l[5]).halves()
      let x = l[0].causalConvolution(l[2], l[3], past: $0)
      return split(x).stateSpace(b: split(b), c: split(c), logDecay: l[6], chunk: 64).y
    }
    #expect(fast.error(from: slow) <= 1e-13)
  }
}
