import MohawkModels
import MohawkTensor

/// How far the student's layers are from the teacher's, each fed with the teacher's own input.
public struct LayerDistances: Sendable, Equatable {
  /// Stage 1's distance per layer; nil where the student keeps the teacher's mixer or the heads differ.
  public var matrices: [Double?]
  /// Stage 2's distance per layer; nil where the student keeps the teacher's mixer.
  public var outputs: [Double?]
  /// ‖student − teacher‖ / ‖teacher‖ of the outputs, over all tokens: a mixer that puts out nothing has 1. Nil as above.
  public var outputErrors: [Double?]
  /// ‖student − teacher‖ / ‖teacher‖ of the matrices, over all heads and the first 512 tokens of each batch's first row:
  /// the zero matrix has 1. Nil as above.
  public var matrixErrors: [Double?]
  /// The same of the matrices with every column multiplied by the length of the teacher's value there: what lies in
  /// columns that carry next to nothing does not count. Nil as above.
  public var weightedErrors: [Double?]

  /// Whole matrices grow with the square of the length: they are compared on the first row of a batch, and no longer.
  private static let longest = 512

  /// The part of a batch [batch, length, ..] on which whole matrices are compared.
  static func shown(_ batch: Tensor) -> Tensor {
    batch.narrowed(0, from: 0, length: 1).narrowed(1, from: 0, length: min(longest, batch.size(1)))
  }

  /// Means over batches of ids [batch, length].
  public static func measure(_ pair: DistillationPair, _ batches: [Tensor]) -> LayerDistances {
    let layers = pair.student.blocks.count
    let sameHeads = pair.hasEqualHeads
    let none = [Double?](repeating: nil, count: layers)
    var result = LayerDistances(
      matrices: none, outputs: none, outputErrors: none, matrixErrors: none,
      weightedErrors: none)
    let nothing = [Squares](repeating: .init(), count: layers)
    var (matrices, weighted, outputs) = (nothing, nothing, nothing)
    withoutGradients {
      for ids in batches {
        if sameHeads {
          LayerWalk.run(pair, ids, .matrix) { layer, input, target in
            let matrix = pair.student.blocks[layer].mixer.factoredMatrix(of: input)
            return StageLosses.orientation(student: matrix, teacher: target).item()
          } finish: { layer, distance in
            result.matrices[layer] = (result.matrices[layer] ?? 0) + distance / Double(batches.count)
          }
          LayerWalk.run(pair, shown(ids), .observedMatrix) { layer, input, target in
            let matrix = StageLosses.wide(pair.student.blocks[layer].mixer.matrix(of: input))
            matrices[layer].add(matrix, target.matrix)
            weighted[layer].add(matrix * target.lengths, target.weighted)
          } finish: { _, _ in
          }
        }
        LayerWalk.run(pair, ids, .output) { layer, input, target in
          let output = pair.student.blocks[layer].mixer(input)
          outputs[layer].add(output, target)
          return StageLosses.alignment(student: output, teacher: target).item()
        } finish: { layer, distance in
          result.outputs[layer] = (result.outputs[layer] ?? 0) + distance / Double(batches.count)
        }
      }
    }
    result.matrixErrors = matrices.map(\.ratio)
    result.weightedErrors = weighted.map(\.ratio)
    result.outputErrors = outputs.map(\.ratio)
    return result
  }

  /// The mean over the layers that were compared; nil when there are none.
  public static func mean(_ values: [Double?]) -> Double? {
    let known = values.compactMap { $0 }
    return known.isEmpty ? nil : known.reduce(0, +) / Double(known.count)
  }
}
