import Foundation
import MohawkFiles
import MohawkMixers
import MohawkModels
import MohawkTensor

/// The start from the context: every mixer begins as the state-space head that best imitates what its attention makes of
/// its values on a little text. No gradient is needed.
public enum ContextStart {
  /// Tokens of a sequence that are looked at at most.
  static let longest = 512

  /// Whether a parameter holds an attention's projection after the start, scaled at most.
  public static func takesOver(_ parameter: String) -> Bool {
    [".mixer.in_proj.x", ".mixer.in_proj.bc", ".mixer.out_proj.weight"].contains { parameter.hasSuffix($0) }
  }

  /// Whether the start sets a parameter: all of a mixer but its gate.
  public static func fits(_ parameter: String) -> Bool {
    parameter.contains(".mixer.") && !parameter.hasSuffix(".in_proj.z") && !parameter.hasSuffix(".z_bias")
  }

  /// Fits all mixers of the student that replace attention.
  /// - Parameters:
  ///   - pair: teacher and student.
  ///   - ids: some sequences of the training text, int64 [rows, length].
  /// - Returns: by layer, what every head starts as; nil for layers that keep their attention.
  /// - Throws: `MohawkError` when a mixer's geometry has no place for the heads of the attention.
  @discardableResult
  public static func run(_ pair: DistillationPair, _ ids: Tensor) throws -> [[HeadFit]?] {
    try require(pair)
    return withoutGradients {
      let kept = pair.keptLayers
      let ids = ids.narrowed(1, from: 0, length: min(longest, ids.size(1)))
      var hidden = pair.teacher.embed(ids)
      return pair.teacher.blocks.indices.map { layer in
        let block = pair.teacher.blocks[layer]
        defer { if layer + 1 < pair.teacher.blocks.count { hidden = block(hidden) } }
        guard !kept.contains(layer), let attention = block.mixer as? Attention,
          let mixer = pair.student.blocks[layer].mixer as? DiscreteMamba2
        else { return nil }
        return start(mixer, attention, pair.student.blocks[layer].mixerInput(hidden))
      }
    }
  }

  /// Refuses what the start has no place for, before anything is computed.
  public static func require(_ pair: DistillationPair) throws {
    for layer in pair.student.blocks.indices where !pair.keptLayers.contains(layer) {
      guard let attention = (pair.teacher.blocks[layer].mixer as? Attention)?.configuration else { continue }
      guard let mixer = (pair.student.blocks[layer].mixer as? DiscreteMamba2)?.configuration else {
        throw MohawkError(
          .unsupported, "the start 'context' is built for Discrete-Mamba-2 alone", at: "student.start",
          remedy: "set student.mixer to discrete-mamba-2, or student.start to paper")
      }
      guard mixer.vHeads == attention.heads, mixer.qkHeads == attention.heads, mixer.headDim == attention.headDim,
        mixer.stateDim >= 2
      else {
        throw MohawkError(
          .mismatch,
          "the start 'context' needs a head of B, C and x for each of the teacher's \(attention.heads) heads of \(attention.headDim); the student has \(mixer.qkHeads) and \(mixer.vHeads) of \(mixer.headDim), with states of \(mixer.stateDim)",
          at: "student.start", remedy: "leave student.qkHeads and student.vHeads out, or set student.start to paper")
      }
    }
  }

  private static func start(_ mixer: DiscreteMamba2, _ attention: Attention, _ input: Tensor) -> [HeadFit] {
    let (shape, state) = (attention.configuration, mixer.configuration.stateDim)
    let fit = ContextFit(attention, input, dimensions: state - 1)
    let wide = input.to(.float64, on: .cpu)
    let repeats = shape.heads / shape.kvHeads
    func perHead(_ rows: Tensor) -> Tensor {
      let inner = Array(rows.shape.dropFirst())
      return rows.detached().reshaped([shape.kvHeads, shape.headDim] + inner).repeatedEach(repeats, 0)
        .reshaped([shape.width] + inner)
    }
    mixer.xWeight.assign(perHead(attention.value.weight))
    mixer.outProjection.weight.assign(attention.dense.weight.detached())
    for convolution in [mixer.xConvolution, mixer.bcConvolution] {
      convolution.weight.fill(0)
      convolution.weight.selected(-1, convolution.width - 1).fill(1)
      convolution.bias?.fill(0)
    }
    if let bias = attention.value.bias { mixer.xConvolution.bias?.assign(perHead(bias)) }

    // C·B = α + β q·k/√d: both factors take the root of each number, C its sign, and one dimension the constant.
    let constants = fit.fits.map { $0.uniform.magnitude.squareRoot() }
    let factors = fit.fits.map { ($0.content.magnitude * fit.heads.scale).squareRoot() }
    func rows(_ linear: Tensor, _ constants: [Double], _ factors: [Double], constant: Bool) -> Tensor {
      let scaled = linear * Tensor(factors, shape: [factors.count, 1, 1])
      let width = linear.size(-1)
      let value =
        constant ? Tensor(constants, shape: [constants.count, 1, 1]) : .zeros([constants.count, 1, width], .float64)
      var parts = [scaled, value]
      let rest = state - 1 - linear.size(1)
      if rest > 0 { parts.append(.zeros([constants.count, rest, width], .float64)) }
      return Tensor.concatenated(parts, 1).reshaped(constants.count * state, width)
    }
    func signed(_ numbers: [Double], by signs: [Double]) -> [Double] { zip(numbers, signs).map { $1 < 0 ? -$0 : $0 } }
    let cConstants = signed(constants, by: fit.fits.map(\.uniform))
    let cFactors = signed(factors, by: fit.fits.map(\.content))
    let (heads, free) = (fit.heads, mixer.bcWeight)
    let bc = Tensor.concatenated(
      [
        rows(heads.key, constants, factors, constant: false), rows(heads.query, cConstants, cFactors, constant: false),
      ], 0)
    // Room beyond the heads' dimensions keeps its random rows in B; C begins there with 0, so that it adds nothing yet.
    let extra = state - 1 - heads.key.size(1)
    if extra > 0 {
      let old = free.detached().to(.float64, on: .cpu).reshaped(2, shape.heads, state, shape.modelDim)
      let new = bc.reshaped(2, shape.heads, state, shape.modelDim)
      new.selected(0, 0).narrowed(1, from: state - extra, length: extra).assign(
        old.selected(0, 0).narrowed(1, from: state - extra, length: extra) * 0.1)
      free.assign(new.reshaped(free.shape))
    } else {
      free.assign(bc)
    }
    mixer.bcConvolution.bias?.assign(
      Tensor.concatenated(
        [
          rows(heads.keyBias, constants, factors, constant: true),
          rows(heads.queryBias, cConstants, cFactors, constant: true),
        ], 0
      ).reshaped(-1))

    let logits = Tensor(fit.fits.map { -log($0.decay / (1 - $0.decay)) }, shape: [shape.heads, 1])
    let random = mixer.aLogWeight.detached().to(.float64, on: .cpu) * 0.1
    mixer.aLogWeight.assign(random + logits * CommonDirection.of(wide).unsqueezed(0))
    mixer.skip.assign(Tensor(fit.fits.map(\.skip)))
    return fit.fits
  }
}
