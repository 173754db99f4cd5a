import MohawkFiles
import MohawkMixers
import MohawkModels
import MohawkRecipes

extension DecoderConfiguration {
  /// The heads of this teacher that a recipe keeps; nil when it names none.
  /// - Throws: `MohawkError` for heads that there are not, that are kept with all of their layer, or that cannot be full
  ///   attention without the rest of their layer.
  func keptHeads(_ recipe: StudentRecipe) throws -> KeptHeads? {
    if recipe.attentionHeads.isEmpty { return nil }
    let key = "student.attentionHeads"
    for feature in [DecoderFeature.normsAcrossHeads, .scoreCap, .mixedRotary] where features.contains(feature) {
      throw MohawkError(
        .unsupported, "\(KeptHeads.name) cannot have this teacher's \(feature.rawValue)", at: key,
        remedy: "keep whole layers, with student.attentionLayers")
    }
    var byLayer = [[Int]](repeating: [], count: mixers.count)
    for head in recipe.attentionHeads {
      guard mixers.indices.contains(head.layer), (0..<attention.heads).contains(head.head) else {
        throw MohawkError(
          .outOfRange, "\(head) is no head of the teacher's \(mixers.count) layers of \(attention.heads) heads",
          at: key,
          remedy: "layers and heads are counted from 0")
      }
      guard !recipe.attentionLayers.contains(head.layer) else {
        throw MohawkError(
          .invalidValue, "\(head) is a head of layer \(head.layer), which keeps all of its attention", at: key,
          remedy: "leave it out")
      }
      guard mixers[head.layer] == .attention else {
        throw MohawkError(
          .unsupported, "\(head) is a head of a layer with a sliding window, which is no full attention", at: key,
          remedy: "name heads of other layers, or keep the whole layer, with student.attentionLayers")
      }
      byLayer[head.layer].append(head.head)
    }
    return KeptHeads(of: attention, byLayer: byLayer)
  }
}
