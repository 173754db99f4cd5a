import MohawkModels
import MohawkTensor

/// How far the student's layers are from the teacher's, each fed with the teacher's own input.
public struct LayerDistances: Sendable, Equatable {
  /// Stage 1's distance per layer; nil where the student keeps the teacher's mixer or the heads differ.
  public var matrices: [Double?]
  /// Stage 2's distance per layer; nil where the student keeps the teacher's mixer.
  public var outputs: [Double?]

  /// Means over batches of ids [batch, length].
  public static func measure(_ pair: DistillationPair, _ batches: [Tensor]) -> LayerDistances {
    let layers = pair.student.blocks.count
    let sameHeads = (try? pair.requireEqualHeads()) != nil
    var result = LayerDistances(
      matrices: Array(repeating: nil, count: layers), outputs: Array(repeating: nil, count: layers))
    withoutGradients {
      for ids in batches {
        if sameHeads {
          LayerWalk.run(pair, ids, .matrix) { layer, input, target in
            let matrix = pair.student.blocks[layer].mixer.factoredMatrix(of: input)
            return StageLosses.orientation(student: matrix, teacher: target).item()
          } finish: { layer, distance in
            result.matrices[layer] = (result.matrices[layer] ?? 0) + distance / Double(batches.count)
          }
        }
        LayerWalk.run(pair, ids, .output) { layer, input, target in
          StageLosses.alignment(student: pair.student.blocks[layer].mixer(input), teacher: target).item()
        } finish: { layer, distance in
          result.outputs[layer] = (result.outputs[layer] ?? 0) + distance / Double(batches.count)
        }
      }
    }
    return result
  }

  /// The mean over the layers that were compared; nil when there are none.
  public static func mean(_ values: [Double?]) -> Double? {
    let known = values.compactMap { $0 }
    return known.isEmpty ? nil : known.reduce(0, +) / Double(known.count)
  }
}
