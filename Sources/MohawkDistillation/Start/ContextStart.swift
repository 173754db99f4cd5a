import Foundation
import MohawkFiles
import MohawkLayers
import MohawkMixers
import MohawkModels
import MohawkTensor

/// The start from the context: every mixer begins as the state-space head that best imitates what its attention makes of
/// its values on a little text. No gradient is needed.
public enum ContextStart {
  /// Tokens of a sequence that are looked at at most.
  static let longest = 512

  /// Whether a parameter holds an attention's projection after the start, scaled at most.
  public static func isCopied(_ parameter: String) -> Bool {
    [".mixer.in_proj.x", ".mixer.in_proj.bc", ".mixer.out_proj.weight"].contains { parameter.hasSuffix($0) }
  }

  /// Whether the start sets a parameter: all of a mixer, but for the gate of Discrete-Mamba-2, which stands open anyway,
  /// and its window.
  public static func fits(_ parameter: String, of mixer: DecoderConfiguration.Mixer) -> Bool {
    let isGate = [".in_proj.z", ".z_bias", ".window_gate"].contains { parameter.hasSuffix($0) }
    return parameter.contains(".mixer.") && !(isGate && mixer == .discreteMamba2)
  }

  /// Fits all mixers of the student that replace attention, and gives their parameters the units in which they learn.
  /// - Parameters:
  ///   - pair: teacher and student.
  ///   - ids: some sequences of the training text, int64 [rows, length].
  ///   - isDrawn: whether B and C stay as they were drawn, but smaller, and decays follow the attention's look-back,
  ///     instead of being fitted.
  /// - Returns: by layer, what every head starts as; nil for layers that keep their attention.
  /// - Throws: `MohawkError` when a mixer's geometry has no place for the heads of the attention.
  @discardableResult
  public static func run(_ pair: DistillationPair, _ ids: Tensor, drawn isDrawn: Bool = false) throws -> [[HeadFit]?] {
    try require(pair)
    return withoutGradients {
      let kept = pair.keptLayers
      let ids = ids.narrowed(1, from: 0, length: min(longest, ids.size(1)))
      var hidden = pair.teacher.embed(ids)
      return pair.teacher.blocks.indices.map { layer in
        let block = pair.teacher.blocks[layer]
        defer { if layer + 1 < pair.teacher.blocks.count { hidden = block(hidden) } }
        guard !kept.contains(layer), let attention = block.mixer as? Attention else { return nil }
        let input = pair.student.blocks[layer].mixerInput(hidden)
        func weights(_ stateDim: Int, _ drawn: Tensor) -> ContextWeights {
          let fit =
            isDrawn
            ? ContextFit(lookingBackLike: attention, input, drawn: drawn)
            : ContextFit(attention, input, dimensions: stateDim - 1)
          return ContextWeights(attention, input, fit: fit, stateDim: stateDim, drawn: drawn)
        }
        switch pair.student.blocks[layer].mixer {
        case let mixer as DiscreteMamba2:
          let weights = weights(mixer.configuration.stateDim, mixer.bcWeight)
          start(mixer, weights)
          return weights.fits
        case let mixer as Mamba2:
          let weights = weights(mixer.configuration.stateDim, mixer.bcRows.weight)
          for (name, unit) in start(mixer, weights) {
            pair.student.parameters["layers.\(layer).mixer.\(name)"]?.unit = unit
          }
          return weights.fits
        default: return nil
        }
      }
    }
  }

  /// Refuses what the start has no place for, before anything is computed.
  public static func require(_ pair: DistillationPair) throws {
    for layer in pair.student.blocks.indices where !pair.keptLayers.contains(layer) {
      guard let attention = (pair.teacher.blocks[layer].mixer as? Attention)?.configuration else { continue }
      let unsupportedFeature: String?
      switch pair.student.blocks[layer].mixer {
      case let mixer as DiscreteMamba2: unsupportedFeature = Self.unsupportedFeature(attention, mixer.configuration)
      case let mixer as Mamba2:
        unsupportedFeature = Self.unsupportedFeature(
          attention, mixer.configuration, block: pair.replacesWholeBlock(layer))
      default: unsupportedFeature = otherKinds
      }
      guard let unsupportedFeature else { continue }
      throw MohawkError(
        .mismatch, "the starts 'context' and 'scaled' \(unsupportedFeature)", at: "student.start",
        remedy: "leave student.qkHeads, student.vHeads and student.headDim out, or set student.start to paper")
    }
  }

  /// What stands in the way of a student's start, nil when nothing does.
  static func unsupportedFeature(teacher: DecoderConfiguration, student: DecoderConfiguration) -> String? {
    for kind in Set(student.mixers) where !kind.isAttention {
      let found: String?
      switch student.geometries[kind] {
      case let mixer as Mamba2Configuration:
        let isBlock = student.layout == .mixerOnly && teacher.layout != .mixerOnly
        found = unsupportedFeature(teacher.attention, mixer, block: isBlock)
      case let mixer as DiscreteMamba2Configuration: found = unsupportedFeature(teacher.attention, mixer)
      default: found = otherKinds
      }
      if let found { return found }
    }
    return nil
  }

  private static let otherKinds = "are made for Mamba-2 and Discrete-Mamba-2 alone"

  private static func unsupportedFeature(_ attention: AttentionConfiguration, _ mixer: DiscreteMamba2Configuration)
    -> String?
  {
    unsupportedFeature(
      attention, heads: mixer.vHeads, groups: mixer.qkHeads, headDim: mixer.headDim, state: mixer.stateDim)
  }

  private static func unsupportedFeature(
    _ attention: AttentionConfiguration, _ mixer: Mamba2Configuration, block: Bool
  ) -> String? {
    if block { return "gives attention's part only, but these mixers stand for whole blocks" }
    if !mixer.convolutionBias { return "needs biases of the convolution" }
    if mixer.normGroups == nil { return "needs the norm before the output projection" }
    if !mixer.timeStepLimit.contains(1) { return "needs step sizes of 1" }
    return unsupportedFeature(
      attention, heads: mixer.heads, groups: mixer.groups, headDim: mixer.headDim, state: mixer.stateDim)
  }

  private static func unsupportedFeature(
    _ attention: AttentionConfiguration, heads: Int, groups: Int, headDim: Int, state: Int
  ) -> String? {
    if heads == attention.heads, groups == attention.heads, headDim == attention.headDim, state >= 2 { return nil }
    return
      "needs a head of B, C and x for each of the teacher's \(attention.heads) heads of \(attention.headDim); the student has \(groups) and \(heads) of \(headDim), with states of \(state)"
  }

  private static func start(_ mixer: DiscreteMamba2, _ weights: ContextWeights) {
    mixer.xWeight.assign(weights.x)
    mixer.bcWeight.assign(weights.bc)
    mixer.outProjection.weight.assign(weights.out)
    mixer.xConvolution.pass(bias: weights.xBias)
    mixer.bcConvolution.pass(bias: weights.bcBias)
    let logits = weights.fits.map { -log($0.decay / (1 - $0.decay)) }
    let random = mixer.aLogWeight.detached().to(.float64, on: .cpu) * 0.1
    mixer.aLogWeight.assign(random + Tensor(logits, shape: [logits.count, 1]) * weights.common.unsqueezed(0))
    mixer.skip.assign(Tensor(weights.fits.map(\.skip)))
  }
}

extension CausalConvolution {
  /// Lets every channel through, times a number, to which a bias is added before.
  func pass(times scale: Double = 1, bias values: Tensor?) {
    weight.fill(0)
    weight.selected(-1, width - 1).fill(scale)
    guard let bias else { return }
    if let values { bias.assign(values * scale) } else { bias.fill(0) }
  }
}
