import MohawkModels
import MohawkTensor

/// What a text says about the weights of a model: how much an error of each column of a matrix changes the loss.
///
/// The measure is the square root of the diagonal of the empirical Fisher information, summed over a matrix's rows: Σ over
/// pieces of text of (∂loss/∂W)², which is large where what the column is multiplied with is large and the loss feels
/// it. The root holds back what one short text exaggerates.
public enum Calibration {
  /// The importance of each column of each matrix, by the parameter's name.
  /// - Parameters:
  ///   - model: fp32; it is left frozen.
  ///   - windows: ids [batch, length + 1]; every row counts as a piece of text of its own.
  public static func importance(_ model: Decoder, _ windows: [Tensor]) -> [String: [Float]] {
    let matrices = model.parameters.train(where: QuantizedDecoder.rounds)
    defer { model.freeze() }
    var sums: [String: Tensor] = [:]
    for window in windows {
      for row in 0..<window.size(0) {
        let ids = window.narrowed(0, from: row, length: 1)
        let length = ids.size(1) - 1
        let logits = model(ids.narrowed(1, from: 0, length: length)).reshaped(-1, model.vocabulary)
        let targets = ids.narrowed(1, from: 1, length: length).reshaped(-1)
        let loss = logits.to(.float32).crossEntropy(targets)
        for (matrix, gradient) in zip(matrices, loss.gradients(of: matrices.map(\.value))) {
          guard let gradient else { continue }
          withoutGradients {
            let own = gradient.to(.float64).square().sum(over: 0)
            sums[matrix.name] = sums[matrix.name].map { $0 + own } ?? own
          }
        }
      }
    }
    return sums.mapValues(counts)
  }

  /// Of a mean near 1, and nothing below a thirtieth of that: what this text did not use may matter in another one.
  private static func counts(_ sums: Tensor) -> [Float] {
    let values = sums.doubles()
    let mean = values.reduce(0, +) / Double(values.count)
    guard mean > 0, mean.isFinite else { return Array(repeating: 1, count: values.count) }
    return values.map { Float(max($0 / mean, 1e-3).squareRoot()) }
  }
}
