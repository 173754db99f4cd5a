import MohawkFiles
import MohawkMixers
import MohawkModels
import MohawkRecipes

extension PhiConfiguration {
  /// The student of this teacher: the same blocks with Discrete-Mamba-2 in every layer but those that keep attention.
  public func student(_ recipe: StudentRecipe) throws -> PhiConfiguration {
    guard isTransformer else {
      throw MohawkError(
        .invalidValue, "the teacher is not a Transformer", remedy: "give a folder with attention in all layers")
    }
    for layer in recipe.attentionLayers where !mixers.indices.contains(layer) {
      throw MohawkError(
        .outOfRange, "student.attentionLayers names layer \(layer); the teacher has layers 0 to \(mixers.count - 1)")
    }
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
        "\(recipe.convWidth) taps and chunks of \(recipe.chunk) tokens are not what Phi-Mamba's format knows",
        at: "student", remedy: "use a convWidth from 2 to 64 and a chunk of 65536 at most")
    }
    guard mlpDim == 4 * modelDim, epsilon == 1e-5 else {
      throw MohawkError(
        .unsupported,
        "Phi-Mamba's format has an MLP of 4 times the width and epsilon 1e-5, not \(mlpDim) and \(epsilon)",
        at: "teacher")
    }
    var student = self
    student.mamba = DiscreteMamba2Configuration(
      modelDim: modelDim, qkHeads: qkHeads, vHeads: vHeads, stateDim: recipe.stateDim, convWidth: recipe.convWidth,
      chunk: recipe.chunk)
    for index in mixers.indices where !recipe.attentionLayers.contains(index) {
      student.mixers[index] = .discreteMamba2
    }
    return student
  }
}
