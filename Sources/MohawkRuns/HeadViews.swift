import Foundation
import MohawkDistillation
import MohawkFiles
import MohawkMixers
import MohawkModels
import MohawkReports
import MohawkTensor

/// The matrices by which models mix a text, head by head.
public enum HeadViews {
  /// More heads than this are refused: no page shows them.
  public static let limit = 512

  /// The heads of some layers.
  /// - Parameters:
  ///   - models: one, or a teacher and its student; each layer of the second sees what enters the first's.
  ///   - ids: [1, length]
  ///   - layers: which, counted from 0.
  public static func measure(_ models: [(name: String, model: Decoder)], _ ids: Tensor, layers: [Int]) throws
    -> [HeadView]
  {
    let first = models[0].model
    guard models.allSatisfy({ $0.model.blocks.count == first.blocks.count && $0.model.modelDim == first.modelDim })
    else {
      throw MohawkError(
        .mismatch, "teacher and student differ in layers or width",
        remedy: "show a student beside the teacher that it was distilled from, or alone")
    }
    for layer in layers where !first.blocks.indices.contains(layer) {
      throw MohawkError(
        .outOfRange, "there is no layer \(layer)", at: "--layer", remedy: "use 0 to \(first.blocks.count - 1)")
    }
    for layer in layers {
      let heads = models.map { $0.model.blocks[layer].mixer.heads }
      guard Set(heads).count == 1 else {
        throw MohawkError(
          .mismatch, "in layer \(layer) the teacher has \(heads[0]) matrices and the student \(heads[1])",
          remedy: "show each model alone")
      }
    }
    guard layers.reduce(0, { $0 + first.blocks[$1].mixer.heads }) <= limit else {
      throw MohawkError(.outOfRange, "these are more than \(limit) heads", at: "--layer", remedy: "name fewer layers")
    }
    return withoutGradients {
      var views: [HeadView] = []
      var hidden = first.embed(ids)
      for (layer, block) in first.blocks.enumerated() where layer <= layers.max() ?? -1 {
        if layers.contains(layer) { views += heads(models, layer, hidden) }
        hidden = block(hidden)
      }
      return views
    }
  }

  private static func heads(_ models: [(name: String, model: Decoder)], _ layer: Int, _ hidden: Tensor) -> [HeadView] {
    let size = hidden.size(1)
    let matrices = models.map { name, model in
      let block = model.blocks[layer]
      let matrix = block.mixer.factoredMatrix(of: block.mixerInput(hidden))
      return (name: name, whole: matrix.whole().selected(0, 0).to(.float32, on: .cpu), halfLives: halfLives(matrix))
    }
    return (0..<models[0].model.blocks[layer].mixer.heads).map { head in
      HeadView(
        layer: layer, head: head, size: size,
        matrices: matrices.map { name, whole, halfLives in
          .init(name, whole.selected(0, head).floats(), size: size, halfLife: halfLives?[head])
        })
    }
  }

  /// Tokens after which half of one is left, by each head's mean logarithm of the decay; nil without such decays.
  private static func halfLives(_ matrix: MixerMatrix) -> [Double]? {
    guard case .semiseparable(let factors) = matrix.factors else { return nil }
    return factors.logDecay.to(.float64).mean(over: 0, 1).doubles().map { $0 < 0 ? log(0.5) / $0 : .infinity }
  }
}
