import Foundation
import MohawkFiles
import MohawkLayers
import MohawkMixers
import MohawkModels
import MohawkTensor

/// The start from the context: every mixer begins as the head that best imitates what its attention makes of its values on
/// a little text. No gradient is needed.
public enum ContextStart {
  /// Tokens of a sequence that are looked at at most.
  static let longest = 512

  /// Whether a parameter holds an attention's projection after the start, scaled at most.
  public static func isCopied(_ parameter: String) -> Bool {
    ["in_proj.x", "in_proj.bc", "in_proj.q", "in_proj.k", "in_proj.v", "out_proj.weight"].contains {
      parameter.hasSuffix(".mixer." + $0)
    }
  }

  /// Whether the start sets a parameter of a student: all of a mixer but for what its kind leaves as it was drawn.
  public static func fits(_ parameter: String, of student: DecoderConfiguration) -> Bool {
    guard let layer = DecoderConfiguration.mixerLayer(of: parameter), parameter.contains(".mixer."),
      student.layers.indices.contains(layer)
    else { return false }
    return student.layers[layer].mixer.startSets(parameter.split(separator: ".").dropFirst(3).joined(separator: "."))
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
    try require(pair, drawn: isDrawn)
    return withoutGradients {
      let kept = pair.keptLayers
      let ids = ids.narrowed(1, from: 0, length: min(longest, ids.size(1)))
      var hidden = pair.teacher.embed(ids)
      return pair.teacher.blocks.indices.map { layer in
        let block = pair.teacher.blocks[layer]
        defer { if layer + 1 < pair.teacher.blocks.count { hidden = block(hidden) } }
        guard !kept.contains(layer), let attention = block.mixer as? Attention,
          let mixer = pair.student.blocks[layer].mixer as? any ContextStarted
        else { return nil }
        let parameters = MixerParameters { pair.student.parameters["layers.\(layer).mixer.\($0)"]?.value }
        let input = pair.student.blocks[layer].mixerInput(hidden)
        let started = mixer.start(from: attention, input, drawn: isDrawn, parameters)
        for (name, unit) in started.units { pair.student.parameters["layers.\(layer).mixer.\(name)"]?.unit = unit }
        return started.fits
      }
    }
  }

  /// Refuses what the start has no place for, before anything is computed.
  /// - Parameters:
  ///   - pair: teacher and student.
  ///   - isDrawn: whether B and C are to stay as they were drawn.
  /// - Throws: `MohawkError` that says what is missing.
  public static func require(_ pair: DistillationPair, drawn isDrawn: Bool = false) throws {
    for layer in pair.student.blocks.indices where !pair.keptLayers.contains(layer) {
      guard let attention = (pair.teacher.blocks[layer].mixer as? Attention)?.configuration else { continue }
      let mixer = pair.student.blocks[layer].mixer
      guard
        let unsupported = geometry(of: mixer).unsupportedContext(
          attention, block: pair.replacesWholeBlock(layer), drawn: isDrawn)
      else { continue }
      throw MohawkError(
        .mismatch, "the start '\(isDrawn ? "scaled" : "context")' \(unsupported)", at: "student.start",
        remedy: "leave student.qkHeads, student.vHeads and student.headDim out, or set student.start to paper")
    }
  }

  private static func geometry(of mixer: any CausalMixer) -> any MixerGeometry { mixer.configuration }

  /// What stands in the way of a student's start, nil when nothing does.
  static func unsupportedFeature(teacher: DecoderConfiguration, student: DecoderConfiguration) -> String? {
    for (own, replaced) in zip(student.layers, teacher.layers) where own.attention == nil {
      guard let attention = replaced.attention else { continue }
      let isBlock = own.mlp == nil && replaced.mlp != nil
      if let unsupported = own.mixer.unsupportedContext(attention, block: isBlock) { return unsupported }
    }
    return nil
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
