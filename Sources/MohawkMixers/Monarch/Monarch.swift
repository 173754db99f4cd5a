import MohawkLayers
import MohawkTensor

/// A mixer by causal Monarch matrices, which are the same whatever the text says: dense inside blocks of tokens, and what
/// blocks before say summed up for each place in a block.
///
/// Like Toeplitz matrices they know places alone, but a token's place in its block too. The state is the sums of the blocks
/// before, and the values of the block that is not over.
public struct Monarch: RecurrentMixer {
  /// The geometry.
  public let configuration: MonarchConfiguration
  private let vRows: InputRows
  private let own, skip, near, far: Tensor
  private let outProjection: Linear

  /// Asks for the parameters. Fresh ones pass every token alone on.
  /// - Parameters:
  ///   - configuration: the geometry.
  ///   - depth: layers of the model; a fresh output projection is scaled by 1/√depth.
  ///   - scope: where the parameters get their names.
  public init(_ configuration: MonarchConfiguration, depth: Int = 1, _ scope: ParameterScope) {
    self.configuration = configuration
    let (d, inner) = (configuration.modelDim, configuration.innerDim)
    let (heads, block) = (configuration.heads, configuration.block)
    vRows = InputRows("v", in: d, out: inner, bias: false, scope / "in_proj")
    let matrix = scope.with(.shapesMatrix)
    own = matrix.parameter("own", [heads, block, block], .zeros, decays: false)
    skip = matrix.parameter("skip", [heads], .ones, decays: false)
    near = matrix.parameter(
      "near", [heads, block, block], .uniform(1 / Double(block).squareRoot()), decays: false)
    far = matrix.parameter("far", [heads, block, configuration.reach], .zeros, decays: false)
    let spread = 1 / (Double(inner).squareRoot() * Double(depth).squareRoot())
    outProjection = Linear(in: inner, out: d, bias: false, initial: .uniform(spread), scope / "out_proj")
  }

  public static let attentionOrigins: [String: AttentionOrigin] = [
    "in_proj.v": .attentionStart(["v_proj.weight"]), "out_proj.weight": .attentionStart(["dense.weight"]),
  ]

  public var heads: Int { configuration.heads }

  /// Values of one input, or their place alone.
  public struct Operands {
    /// [batch, length, heads, headDim]; nil when asked for the matrix only.
    let v: Tensor?
    let batch, length: Int
    /// The place of the first token in its block.
    let place: Int
    /// The type that the layer computes in.
    let dtype: DType

    /// The values, which are there.
    var values: Tensor {
      guard let v else { preconditionFailure("these operands were made for the matrix only") }
      return v
    }
  }

  public func operands(_ x: Tensor, for use: OperandUse, after state: LinearState?) -> Operands {
    Operands(
      v: use == .mixing ? vRows(x).heads(configuration.heads) : nil, batch: x.size(0), length: x.size(1),
      place: (state?.position ?? 0) % configuration.block, dtype: x.dtype)
  }

  private var wide: DType { outProjection.weight.dtype.wide }

  private var matrices: CausalMonarch {
    let block = configuration.block
    let unit = Tensor.ones([block, block], wide, on: own.device).lowerTriangle().upperTriangle()
    return CausalMonarch(
      own: own.to(wide) + skip.to(wide).reshaped(-1, 1, 1) * unit, near: near.to(wide), far: far.to(wide))
  }

  public func values(_ operands: Operands) -> Tensor { operands.values }

  public func matrix(_ operands: Operands) -> Tensor {
    matrices.matrix(length: operands.length).unsqueezed(0).expanded(operands.batch, -1, -1, -1).to(operands.dtype)
  }

  /// The memory is [batch, heads, (reach + 1) · block, headDim]: the sums of the blocks before, the last one last, then the
  /// values of the block that is not over.
  public func mix(_ operands: Operands, memory: Tensor?) -> (y: Tensor, memory: Tensor) {
    let (block, place) = (configuration.block, operands.place)
    let v = operands.values.to(wide).transposed(1, 2)
    let (past, known) = parts(memory ?? empty(batch: operands.batch), place)
    let all = Tensor.concatenated([known, v], 2)
    let missing = (block - all.size(2) % block) % block
    let (y, sums) = matrices(missing == 0 ? all : all.padded(0, 0, 0, missing), past: past)
    let next = remembered(sums, all)
    return (y.narrowed(2, from: place, length: v.size(2)).transposed(1, 2).to(operands.dtype), next)
  }

  /// One block's sums at most are made new.
  public func step(_ operands: Operands, memory: Tensor) -> (y: Tensor, memory: Tensor) {
    let matrices = matrices
    let (past, known) = parts(memory, operands.place)
    let all = Tensor.concatenated([known, operands.values.to(wide).transposed(1, 2)], 2)
    let y = matrices.step(all, past: past).unsqueezed(1).to(operands.dtype)
    guard all.size(2) == configuration.block else { return (y, remembered(past, all)) }
    let sum = matrices.near.matmul(all).unsqueezed(2)
    return (y, remembered(.concatenated([past, sum], 2), all))
  }

  /// Sums of the blocks before, and values of the current one.
  private func parts(_ memory: Tensor, _ place: Int) -> (past: Tensor, known: Tensor) {
    let sums = configuration.reach * configuration.block
    let past = memory.narrowed(2, from: 0, length: sums)
      .reshaped(memory.size(0), configuration.heads, configuration.reach, configuration.block, configuration.headDim)
    return (past, memory.narrowed(2, from: sums, length: place))
  }

  /// - Parameters:
  ///   - sums: of all blocks, at least of those that are over: [batch, heads, ·, block, headDim].
  ///   - values: from the start of the block in which the tokens began.
  private func remembered(_ sums: Tensor, _ values: Tensor) -> Tensor {
    let (block, reach) = (configuration.block, configuration.reach)
    let over = values.size(2) / block
    let past = sums.narrowed(2, from: over, length: reach)
    let left = values.size(2) - over * block
    let current = values.narrowed(2, from: over * block, length: left).padded(0, 0, 0, block - left)
    let flat = past.reshaped(values.size(0), configuration.heads, reach * block, configuration.headDim)
    return .concatenated([flat, current], 2)
  }

  public func output(_ mixed: Tensor, _ x: Tensor) -> Tensor {
    outProjection(mixed.reshaped(x.size(0), x.size(1), configuration.innerDim))
  }

  private func empty(batch: Int) -> Tensor {
    let length = (configuration.reach + 1) * configuration.block
    return .zeros([batch, configuration.heads, length, configuration.headDim], wide, on: outProjection.weight.device)
  }

  public func emptyState(batch: Int) -> any MixerState { LinearState(empty(batch: batch)) }
}
