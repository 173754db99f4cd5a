import MohawkModels
import MohawkTensor

/// What enters the teacher's layers, kept in memory for sequences that come again: tokens × layers × width numbers.
final class LayerInputCache {
  private let teacher: any LanguageModel
  private let layers: [Int]
  private var kept: [UInt64: [Int: Tensor]] = [:]

  /// - Parameters:
  ///   - teacher: whose layers.
  ///   - layers: those that are asked for.
  init(_ teacher: any LanguageModel, of layers: [Int]) {
    self.teacher = teacher
    self.layers = layers
  }

  /// What enters a layer for tokens [rows, length + 1]: [rows, length, modelDim]. The teacher runs for sequences that have
  /// not come before.
  func input(_ tokens: Tensor, _ layer: Int, _ dtype: DType) -> Tensor {
    let rows = SignalSequences.rows(tokens).enumerated().map { row, ids in
      let key = SignalSequences.key(ids)
      if let found = kept[key] { return found[layer]! }
      let fresh = SignalPass.inputs(teacher, tokens.narrowed(0, from: row, length: 1), of: layers)
      kept[key] = fresh
      return fresh[layer]!
    }
    return withoutGradients { Tensor.concatenated(rows, 0).to(dtype, on: tokens.device) }
  }
}
