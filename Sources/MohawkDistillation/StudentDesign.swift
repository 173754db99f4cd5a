import MohawkFiles
import MohawkMixers
import MohawkModels
import MohawkRecipes

extension DecoderConfiguration {
  /// The student of this teacher: the same blocks with another mixer in every layer but those that keep attention, in
  /// the format in which most other tools open it.
  public func student(_ recipe: StudentRecipe) throws -> DecoderConfiguration {
    guard isTransformer else {
      throw MohawkError(
        .invalidValue, "the teacher is not a Transformer", remedy: "give a folder with attention in all layers")
    }
    for layer in recipe.attentionLayers where !mixers.indices.contains(layer) {
      throw MohawkError(
        .outOfRange, "student.attentionLayers names layer \(layer); the teacher has layers 0 to \(mixers.count - 1)")
    }
    var student = self
    student.discreteMamba2 = try discreteMamba2(recipe)
    for index in mixers.indices where !recipe.attentionLayers.contains(index) {
      student.mixers[index] = .discreteMamba2
    }
    student.format = student.studentFormat
    try student.requireWritable()
    return student
  }

  /// The first format that can hold this student.
  private var studentFormat: CheckpointFormat {
    if isTransformer { return format }
    return [.phiMamba].first { objection(in: $0) == nil } ?? .mohawk
  }

  private func discreteMamba2(_ recipe: StudentRecipe) throws -> DiscreteMamba2Configuration {
    let vHeads = recipe.vHeads ?? attention.heads
    let qkHeads = recipe.qkHeads ?? vHeads
    guard vHeads > 0, qkHeads > 0, vHeads.isMultiple(of: qkHeads), modelDim.isMultiple(of: vHeads) else {
      throw MohawkError(
        .invalidValue, "\(vHeads) v heads and \(qkHeads) qk heads do not fit a model of width \(modelDim)",
        at: "student.vHeads", remedy: "the width must be a multiple of vHeads, and vHeads a multiple of qkHeads")
    }
    guard (2...64).contains(recipe.convWidth), (1...65_536).contains(recipe.chunk) else {
      throw MohawkError(
        .outOfRange,
        "\(recipe.convWidth) taps and chunks of \(recipe.chunk) tokens are not what the formats of students know",
        at: "student", remedy: "use a convWidth from 2 to 64 and a chunk of 65536 at most")
    }
    return DiscreteMamba2Configuration(
      modelDim: modelDim, qkHeads: qkHeads, vHeads: vHeads, stateDim: recipe.stateDim, convWidth: recipe.convWidth,
      chunk: recipe.chunk)
  }
}
