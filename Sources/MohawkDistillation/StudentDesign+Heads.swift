import MohawkFiles
import MohawkMixers
import MohawkModels
import MohawkRecipes

extension DecoderConfiguration {
  /// The heads of this teacher that a recipe keeps, by layer.
  /// - Throws: `MohawkError` for heads that there are not, that are kept with all of their layer, or that cannot be full
  ///   attention without the rest of their layer.
  func keptHeads(_ recipe: StudentRecipe, _ attention: AttentionConfiguration) throws -> [[Int]] {
    var byLayer = [[Int]](repeating: [], count: layers.count)
    if recipe.attentionHeads.isEmpty { return byLayer }
    let key = "student.attentionHeads"
    for feature in [DecoderFeature.normsAcrossHeads, .scoreCap, .mixedRotary] where features.contains(feature) {
      throw MohawkError(
        .unsupported, "\(KeptHeads.name) cannot have this teacher's \(feature.rawValue)", at: key,
        remedy: "keep whole layers, with student.attentionLayers")
    }
    for head in recipe.attentionHeads {
      guard layers.indices.contains(head.layer), (0..<attention.heads).contains(head.head) else {
        throw MohawkError(
          .outOfRange, "\(head) is no head of the teacher's \(layers.count) layers of \(attention.heads) heads",
          at: key,
          remedy: "layers and heads are counted from 0")
      }
      guard !recipe.attentionLayers.contains(head.layer) else {
        throw MohawkError(
          .invalidValue, "\(head) is a head of layer \(head.layer), which keeps all of its attention", at: key,
          remedy: "leave it out")
      }
      guard layers[head.layer].kind == .attention else {
        throw MohawkError(
          .unsupported, "\(head) is a head of a layer with a sliding window, which is no full attention", at: key,
          remedy: "name heads of other layers, or keep the whole layer, with student.attentionLayers")
      }
      byLayer[head.layer].append(head.head)
    }
    return byLayer
  }
}
