import MohawkTensor
import Testing

@testable import MohawkMixers

/// How fast the tokens of a test forget.
enum DecayKind: String, CaseIterable, CustomTestStringConvertible {
  case ordinary, none, nearlyNone, strong, total, mixed

  var testDescription: String { "\(rawValue) decay" }

  /// log a ≤ 0, [batch, length, heads].
  func logDecay(_ shape: [Int], _ random: RandomGenerator) -> Tensor {
    switch self {
    case .ordinary: return -random.normal(shape, .float64).softplus()
    case .none: return .zeros(shape, .float64)
    case .nearlyNone: return .full(shape, -1e-7, .float64)
    case .strong: return .full(shape, -80, .float64)
    case .total: return .full(shape, -1000, .float64)
    case .mixed:
      let kinds: [Double] = [-0.5, -1e-7, -80, 0, -2, -30, -1000, -0.01]
      let count = shape.reduce(1, *)
      return Tensor((0..<count).map { kinds[($0 * 5 + $0 / 7) % kinds.count] }, shape: shape)
    }
  }
}

/// Operands of the SSD map and cotangents of its two results, in fp64.
struct SSDProblem {
  var x, b, c, logDecay, state: Tensor
  var yCotangent, stateCotangent: Tensor
  /// Whether a form is given `state` or starts from nothing.
  var hasState = true

  init(
    batch: Int = 2, length: Int, heads: Int = 4, qkHeads: Int = 2, headDim: Int = 3, stateDim: Int = 5,
    decay: DecayKind = .ordinary, seed: UInt64 = 1
  ) {
    let random = RandomGenerator(seed: seed)
    x = random.normal([batch, length, heads, headDim], .float64)
    b = random.normal([batch, length, qkHeads, stateDim], .float64)
    c = random.normal([batch, length, qkHeads, stateDim], .float64)
    logDecay = decay.logDecay([batch, length, heads], random)
    state = random.normal([batch, heads, headDim, stateDim], .float64)
    yCotangent = random.normal(x.shape, .float64)
    stateCotangent = random.normal(state.shape, .float64)
  }

  static let names = ["x", "b", "c", "logDecay", "state"]
  var operands: [Tensor] { [x, b, c, logDecay, state] }

  /// The same with other operands.
  func with(_ operands: [Tensor]) -> SSDProblem {
    var other = self
    (other.x, other.b, other.c, other.logDecay, other.state) = (
      operands[0], operands[1], operands[2], operands[3], operands[4]
    )
    return other
  }

  /// The operands rounded to `dtype`; decay and state stay in fp32 or wider.
  func rounded(to dtype: DType) -> SSDProblem {
    let wide = dtype == .float64 ? DType.float64 : .float32
    return with([x.to(dtype), b.to(dtype), c.to(dtype), logDecay.to(wide), state.to(wide)])
  }

  var widened: SSDProblem { with(operands.map { $0.to(.float64) }) }

  func run(_ form: SSDForm) -> (y: Tensor, state: Tensor) { form.run(self) }

  /// Results and the gradients of both, weighted by the cotangents, by every operand (nil where there is none).
  func runWithGradients(_ form: SSDForm) -> (y: Tensor, state: Tensor, gradients: [Tensor?]) {
    let leaves = operands.map { $0.leaf() }
    let (y, state) = with(leaves).run(form)
    return (y.detached(), state.detached(), objective(y, state).gradients(of: leaves))
  }

  func objective(_ y: Tensor, _ state: Tensor) -> Tensor {
    let ofY = (y.to(.float64) * yCotangent).sum()
    let ofState = (state.to(.float64) * stateCotangent).sum()
    return ofY + ofState
  }
}

/// The forms of the one map.
enum SSDForm: Equatable, CustomTestStringConvertible {
  case recurrence
  /// By `SSD.matrix`, the initial and last state by their formulas.
  case matrix
  case chunks(Int)
  /// The form for devices without a kernel of their own.
  case plainChunks(Int)

  var testDescription: String {
    switch self {
    case .recurrence: "recurrence"
    case .matrix: "matrix"
    case .chunks(let size): "chunks of \(size)"
    case .plainChunks(let size): "plain chunks of \(size)"
    }
  }

  func run(_ p: SSDProblem) -> (y: Tensor, state: Tensor) {
    let state = p.hasState ? p.state : nil
    switch self {
    case .recurrence: return SSD.recurrence(x: p.x, b: p.b, c: p.c, logDecay: p.logDecay, state: state)
    case .chunks(let size): return SSD.chunks(x: p.x, b: p.b, c: p.c, logDecay: p.logDecay, chunk: size, state: state)
    case .plainChunks(let size):
      return SSD.plainChunks(x: p.x, b: p.b, c: p.c, logDecay: p.logDecay, chunk: size, state: state)
    case .matrix: return definition(p)
    }
  }

  private func definition(_ p: SSDProblem) -> (y: Tensor, state: Tensor) {
    let heads = p.x.size(2)
    let repeats = heads / p.b.size(2)
    let wide = p.logDecay.dtype
    let x = p.x.transposed(1, 2)
    let b = p.b.transposed(1, 2).repeatedEach(repeats, 1).to(wide)
    let c = p.c.transposed(1, 2).repeatedEach(repeats, 1).to(wide)
    let sums = p.logDecay.transposed(1, 2).cumulativeSum(-1).unsqueezed(-1)
    var y = SSD.matrix(b: p.b, c: p.c, logDecay: p.logDecay).matmul(x)
    let end = sums.narrowed(2, from: sums.size(2) - 1, length: 1)
    var last = x.to(wide).transposed().matmul(b * (end - sums).exp())
    if p.hasState {
      let remembered = (c * sums.exp()).matmul(p.state.transposed())
      y = y + remembered.to(y.dtype)
      last = last + p.state * end.exp()
    }
    return (y.transposed(1, 2), last)
  }
}
