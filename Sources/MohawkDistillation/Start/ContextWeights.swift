import MohawkMixers
import MohawkTensor

/// What a fit makes of an attention's projections, in the form that Discrete-Mamba-2 has; Mamba-2 scales it.
struct ContextWeights {
  /// What each head starts as.
  let fits: [HeadFit]
  /// Rows and numbers of the gate for each channel of x; nil: it stands open.
  let gate: (rows: Tensor, bias: Tensor)?
  /// What enters the mixer, [batch, length, modelDim], fp64.
  let input: Tensor
  /// Rows and biases of x: the attention's values, [heads · headDim, modelDim] and [heads · headDim].
  let x: Tensor
  let xBias: Tensor?
  /// Rows and biases of B and C, [2 heads · stateDim, modelDim] and [2 heads · stateDim], fp64.
  let bc, bcBias: Tensor
  /// The attention's output projection.
  let out: Tensor
  let outBias: Tensor?
  /// The rows that give the nearest to 1 on all inputs, [modelDim], fp64.
  let common: Tensor

  /// - Parameters:
  ///   - attention: the teacher's.
  ///   - input: what enters it, [batch, length, modelDim].
  ///   - stateDim: of the student.
  ///   - drawn: the student's rows of B and C as they were drawn; room in B beyond a head's dimensions keeps a tenth.
  ///   - keepsDrawn: whether the drawn rows stay, but smaller, and decays follow the look-back, instead of being fitted.
  ///   - isAlone: whether the mixer has no other part.
  init(
    _ attention: Attention, _ input: Tensor, stateDim: Int, drawn: Tensor, keepsDrawn: Bool = false,
    alone isAlone: Bool = true
  ) {
    let fit =
      keepsDrawn
      ? ContextFit(lookingBackLike: attention, input, drawn: drawn)
      : ContextFit(attention, input, dimensions: stateDim - 1, alone: isAlone)
    self.init(attention, input, fit: fit, stateDim: stateDim, drawn: drawn)
  }

  /// Rows of B and C for a projection without biases: their constants come from what the inputs have in common.
  var unbiasedRows: (b: Tensor, c: Tensor) {
    let rows = unbiased(bc, bcBias)
    let half = rows.size(0) / 2
    return (rows.narrowed(0, from: 0, length: half), rows.narrowed(0, from: half, length: half))
  }

  /// Rows of x for a projection without biases.
  var unbiasedX: Tensor { unbiased(x.to(.float64, on: .cpu), xBias?.to(.float64, on: .cpu)) }

  private func unbiased(_ rows: Tensor, _ bias: Tensor?) -> Tensor {
    bias.map { rows + $0.unsqueezed(1) * common.unsqueezed(0) } ?? rows
  }

  init(_ attention: Attention, _ input: Tensor, fit: ContextFit, stateDim: Int, drawn: Tensor) {
    let shape = attention.configuration
    fits = fit.fits
    self.input = input.to(.float64, on: .cpu)
    func perHead(_ rows: Tensor) -> Tensor {
      let inner = Array(rows.shape.dropFirst())
      return rows.detached().reshaped([shape.kvHeads, shape.headDim] + inner)
        .repeatedEach(shape.heads / shape.kvHeads, 0).reshaped([shape.width] + inner)
    }
    x = perHead(attention.value.weight)
    let added = fit.valueBias?.reshaped(-1)
    let own = attention.value.bias.map { perHead($0).to(.float64, on: .cpu) }
    xBias = own.map { own in added.map { own + $0 } ?? own } ?? added
    gate = fit.gate.map { gate in
      (gate.rows.repeatedEach(shape.headDim, 0), gate.bias.repeatedEach(shape.headDim, 0))
    }
    out = attention.dense.weight.detached()
    outBias = attention.dense.bias?.detached()
    common = CommonDirection.of(self.input)

    // C·B = α + β q·k/√d: both factors take the root of each number, C its sign, and one dimension the constant.
    // What is weighed with the mean key and query comes from biases of keys and queries; the constant makes up for their
    // product.
    func shares(_ path: KeyPath<HeadFit, Double>) -> Tensor {
      Tensor(fit.fits.map { $0.content == 0 ? 0 : $0[keyPath: path] / $0.content }, shape: [shape.heads, 1, 1])
    }
    var (keyBias, queryBias) = (fit.heads.keyBias, fit.heads.queryBias)
    var uniforms = fit.fits.map(\.uniform)
    if let means = fit.means {
      let (key, query) = (means.key * shares(\.meanKey), means.query * shares(\.meanQuery))
      (keyBias, queryBias) = (keyBias + key, queryBias + query)
      for (head, product) in (key * query).sum(over: 1, 2).doubles().enumerated() {
        uniforms[head] -= fit.fits[head].content * fit.heads.scale * product
      }
    }
    let constants = uniforms.map { $0.magnitude.squareRoot() }
    let factors = fit.fits.map { ($0.content.magnitude * fit.heads.scale).squareRoot() }
    func signed(_ numbers: [Double], by signs: [Double]) -> [Double] { zip(numbers, signs).map { $1 < 0 ? -$0 : $0 } }
    func rows(_ linear: Tensor, _ factors: [Double], constants: [Double]?) -> Tensor {
      let (heads, width) = (factors.count, linear.size(-1))
      let scaled = linear * Tensor(factors, shape: [heads, 1, 1])
      let value = constants.map { Tensor($0, shape: [heads, 1, 1]) } ?? .zeros([heads, 1, width], .float64)
      let rest = stateDim - 1 - linear.size(1)
      let room: [Tensor] = rest > 0 ? [.zeros([heads, rest, width], .float64)] : []
      return Tensor.concatenated([scaled, value] + room, 1).reshaped(heads * stateDim, width)
    }
    let cFactors = signed(factors, by: fit.fits.map(\.content))
    let heads = fit.heads
    let bc = Tensor.concatenated(
      [rows(heads.key, factors, constants: nil), rows(heads.query, cFactors, constants: nil)], 0)
    // Room beyond the heads' dimensions keeps its random rows in B; C begins there with 0, so that it adds nothing yet.
    let extra = stateDim - 1 - heads.key.size(1)
    if extra > 0 {
      func room(_ x: Tensor) -> Tensor {
        x.reshaped(2, shape.heads, stateDim, shape.modelDim).selected(0, 0)
          .narrowed(1, from: stateDim - extra, length: extra)
      }
      room(bc).assign(room(drawn.detached().to(.float64, on: .cpu)) * 0.1)
    }
    self.bc = bc
    bcBias = Tensor.concatenated(
      [
        rows(keyBias, factors, constants: constants),
        rows(queryBias, cFactors, constants: signed(constants, by: uniforms)),
      ], 0
    ).reshaped(-1)
  }

  /// The root of the mean square of what rows and biases give on the input, of the part among `parts` where it is largest.
  func largest(_ rows: Tensor, _ bias: Tensor?, parts: Int) -> Double {
    var values = input.matmul(rows.to(.float64, on: .cpu).transposed())
    if let bias { values = values + bias.to(.float64, on: .cpu) }
    let squares = values.square().mean(over: 0, 1).reshaped(parts, -1).mean(over: 1)
    return squares.doubles().reduce(0, max).squareRoot()
  }
}
