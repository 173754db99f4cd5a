import MohawkDistillation
import MohawkMixers
import MohawkTensor
import Testing

/// Head counts and widths of a comparison.
struct OrientationShape: CustomStringConvertible {
  var batch = 2
  var heads = 3
  var kvHeads = 3
  var qkHeads = 3
  var headDim = 8
  var stateDim = 16

  var description: String { "\(heads)/\(kvHeads)/\(qkHeads) heads, widths \(headDim) and \(stateDim)" }

  static let plain = OrientationShape()
  static let grouped = OrientationShape(batch: 3, heads: 4, kvHeads: 2, qkHeads: 2, headDim: 6, stateDim: 5)
  static let all = [
    plain, grouped,
    OrientationShape(batch: 1, heads: 6, kvHeads: 1, qkHeads: 1, headDim: 1, stateDim: 1),
    OrientationShape(batch: 1, heads: 1, kvHeads: 1, qkHeads: 1, headDim: 80, stateDim: 131),
  ]
}

/// Operands of both matrices, in fp64, and the distance in both forms.
struct OrientationProblem {
  var q, k, b, c, logDecay, skip: Tensor
  let scale = 0.7

  init(_ shape: OrientationShape, length: Int, seed: UInt64 = 1) {
    let random = RandomGenerator(seed: seed)
    q = random.normal([shape.batch, shape.heads, length, shape.headDim], .float64)
    k = random.normal([shape.batch, shape.kvHeads, length, shape.headDim], .float64)
    b = random.normal([shape.batch, length, shape.qkHeads, shape.stateDim], .float64) * 0.3
    c = random.normal([shape.batch, length, shape.qkHeads, shape.stateDim], .float64) * 0.3
    logDecay = -random.normal([shape.batch, length, shape.heads], .float64).square() * 0.1
    skip = random.normal([shape.heads], .float64)
  }

  static let names = ["b", "c", "logDecay", "skip"]

  /// What moves, rounded; decay and skip stay in fp32 or wider.
  func leaves(_ dtype: DType) -> [Tensor] {
    let wide = dtype == .float64 ? DType.float64 : .float32
    return [b.leaf(dtype), c.leaf(dtype), logDecay.leaf(wide), skip.leaf(wide)]
  }

  /// Tile by tile, from operands laid out as a split projection leaves them.
  func tiled(_ dtype: DType, _ leaves: [Tensor]) -> Tensor {
    .orientationDistance(
      q: q.to(dtype).transposed(1, 2).contiguous().transposed(1, 2), k: k.to(dtype), scale: scale,
      b: leaves[0], c: leaves[1], logDecay: leaves[2], skip: leaves[3])
  }

  /// By the matrices, in fp64, of the operands as rounded to `dtype`.
  func plain(_ dtype: DType, _ leaves: [Tensor]) -> Tensor {
    let heads = q.size(1)
    let length = q.size(2)
    let (q, k) = (q.to(dtype).to(.float64), k.to(dtype).to(.float64))
    let mask = Tensor.full([length, length], -1e30, .float64).upperTriangle(1)
    let scores = (q * scale).matmul(k.repeatedEach(heads / k.size(1), 1).transposed())
    let student = SSD.matrix(b: leaves[0], c: leaves[1], logDecay: leaves[2])
    let identity = Tensor.full([length, length], 1, .float64).lowerTriangle(0).upperTriangle(0)
    let whole = student + identity * leaves[3].unsqueezed(-1).unsqueezed(-1)
    return StageLosses.orientation(student: whole, teacher: (scores + mask).softmax(-1))
  }

  /// That both forms agree, values and gradients.
  func check(
    _ dtype: DType, _ set: Instructions, _ what: String, tolerance: Double? = nil,
    at place: SourceLocation = #_sourceLocation
  ) {
    let tolerance = tolerance ?? dtype.tolerance
    let given = leaves(dtype)
    let exact = given.map { $0.leaf(.float64) }
    let distance = Instructions.limited(to: set) { tiled(dtype, given) }
    let wanted = plain(dtype, exact)
    // The distance itself is summed in fp32 from products that are exact in it.
    let rounding = dtype == .float64 ? 1e-12 : Swift.max(tolerance == dtype.tolerance ? 3e-6 : tolerance, 3e-6)
    let error = Swift.abs(distance.item() - wanted.item())
    #expect(error <= rounding * wanted.item(), "\(dtype) \(set) \(what): distance", sourceLocation: place)
    let found = distance.gradients(of: given)
    let gradients = wanted.gradients(of: exact)
    for (index, name) in Self.names.enumerated() {
      // Row sums less column sums: what cancels there leaves its rounding.
      let scale = name == "logDecay" ? 1e-3 * gradients[3]!.rms : 1e-20
      let error = found[index]!.error(from: gradients[index]!, scale: scale)
      #expect(error <= tolerance, "\(dtype) \(set) \(what): \(name)", sourceLocation: place)
    }
  }
}
