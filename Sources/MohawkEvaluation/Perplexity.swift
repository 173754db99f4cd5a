import Foundation
import MohawkModels
import MohawkTensor

/// How well a model predicts the next token of a text.
public struct Perplexity: Sendable, Equatable {
  /// Σ −log p(next token), in nats.
  public var negativeLogLikelihood = 0.0
  /// Predicted tokens.
  public var tokens = 0

  /// Nothing predicted yet.
  public init() {}

  /// exp of the mean negative log-likelihood.
  public var value: Double { exp(negativeLogLikelihood / Double(tokens)) }

  /// Bits per byte of the predicted text, comparable between tokenizers.
  /// - Parameter bytes: UTF-8 bytes of the predicted tokens.
  public func bitsPerByte(bytes: Int) -> Double { negativeLogLikelihood / log(2) / Double(bytes) }

  /// Adds the windows [batch, length + 1]: every token but the first is predicted from those before it.
  public mutating func add(_ model: any LanguageModel, _ windows: Tensor) {
    add(model, windows, sliced: LogitSlices.elements)
  }

  mutating func add(_ model: any LanguageModel, _ windows: Tensor, sliced elements: Int) {
    withoutGradients {
      let length = windows.size(1) - 1
      let ids = windows.narrowed(1, from: 0, length: length)
      let hidden = model.normalise(model.hidden(ids)).reshaped(-1, model.modelDim)
      let targets = windows.narrowed(1, from: 1, length: length).reshaped(-1)
      LogitSlices.forEach(model, hidden, elements) { logits, first in
        let rows = logits.size(0)
        negativeLogLikelihood +=
          logits.crossEntropy(targets.narrowed(0, from: first, length: rows)).item() * Double(rows)
        tokens += rows
      }
    }
  }

  /// Measures a model on all batches of windows, each [batch, length + 1].
  public static func measure(_ model: any LanguageModel, _ batches: [Tensor]) -> Perplexity {
    batches.reduce(into: Perplexity()) { $0.add(model, $1) }
  }
}

/// Logits of many tokens, a slice at a time.
enum LogitSlices {
  static let elements = 1 << 21

  /// Calls `body` with fp32 (or wider) logits [rows, vocabulary] and the slice's first row.
  static func forEach(_ model: any LanguageModel, _ hidden: Tensor, _ elements: Int, _ body: (Tensor, Int) -> Void) {
    let size = max(1, elements / model.vocabulary)
    for first in stride(from: 0, to: hidden.size(0), by: size) {
      let rows = min(size, hidden.size(0) - first)
      let logits = model.head(hidden.narrowed(0, from: first, length: rows))
      body(logits.to(logits.dtype.wide), first)
    }
  }
}
