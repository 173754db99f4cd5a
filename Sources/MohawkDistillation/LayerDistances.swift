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

  /// Means over batches of ids [batch, length].
  public static func measure(_ pair: DistillationPair, _ batches: [Tensor]) -> LayerDistances {
    let layers = pair.student.blocks.count
    let sameHeads = (try? pair.requireEqualHeads()) != nil
    let none = [Double?](repeating: nil, count: layers)
    var result = LayerDistances(matrices: none, outputs: none, outputErrors: none, matrixErrors: none)
    var (matrices, outputs) = (
      [Squares](repeating: .init(), count: layers), [Squares](repeating: .init(), count: layers)
    )
    withoutGradients {
      for ids in batches {
        if sameHeads {
          LayerWalk.run(pair, ids, .matrix) { layer, input, target in
            let matrix = pair.student.blocks[layer].mixer.factoredMatrix(of: input)
            return StageLosses.orientation(student: matrix, teacher: target).item()
          } finish: { layer, distance in
            result.matrices[layer] = (result.matrices[layer] ?? 0) + distance / Double(batches.count)
          }
          // Whole matrices grow with the square of the length.
          let part = ids.narrowed(0, from: 0, length: 1).narrowed(1, from: 0, length: min(512, ids.size(1)))
          LayerWalk.run(pair, part, .matrix) { layer, input, target in
            let matrix = pair.student.blocks[layer].mixer.factoredMatrix(of: input)
            matrices[layer].add(matrix.whole(), target.whole())
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
    result.outputErrors = outputs.map(\.ratio)
    return result
  }

  /// Sums of squares of a difference and of what it is a difference from.
  private struct Squares {
    var difference = 0.0
    var target = 0.0
    var ratio: Double? { target > 0 ? (difference / target).squareRoot() : nil }

    mutating func add(_ value: Tensor, _ target: Tensor) {
      let wanted = StageLosses.wide(target)
      let difference = StageLosses.wide(value) - wanted
      self.difference += (difference * difference).sum().item()
      self.target += (wanted * wanted).sum().item()
    }
  }

  /// The mean over the layers that were compared; nil when there are none.
  public static func mean(_ values: [Double?]) -> Double? {
    let known = values.compactMap { $0 }
    return known.isEmpty ? nil : known.reduce(0, +) / Double(known.count)
  }
}
