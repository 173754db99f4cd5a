import MohawkFiles
import MohawkModels
import MohawkTensor
import MohawkText

/// Continues a text token by token over the model's state. With a state-space model a token costs the same however
/// long the text is.
public struct TextGenerator {
  /// Why a continuation ended.
  public enum Finish: String, Sendable {
    /// The end-of-text token or a stop string.
    case stop
    /// The limit on new tokens, or the model's longest position.
    case length
    /// The caller asked for it.
    case cancelled
  }

  /// A finished continuation.
  public struct Result: Sendable {
    /// Without the prompt and without the stop string.
    public let text: String
    /// The new tokens, without the end of text.
    public let tokens: [Int32]
    /// Why it ended.
    public let finish: Finish
  }

  let model: any LanguageModel
  let tokenizer: Tokenizer
  /// Ids below the highest one that no token has.
  private let gaps: [Int]

  /// - Throws: `MohawkError` when the tokenizer's ids do not fit the model's vocabulary.
  public init(_ model: any LanguageModel, _ tokenizer: Tokenizer) throws {
    guard Int(tokenizer.highestID) < model.vocabulary else {
      throw MohawkError(
        .mismatch, "the tokenizer has ids up to \(tokenizer.highestID), the model \(model.vocabulary) rows",
        remedy: "use the tokenizer that the model was trained with")
    }
    self.model = model
    self.tokenizer = tokenizer
    gaps = (0...tokenizer.highestID).filter { tokenizer.token($0) == nil }.map(Int.init)
  }

  /// Continues `prompt`.
  /// - Parameters:
  ///   - prompt: the text; an empty one begins with the end-of-text token.
  ///   - limit: new tokens at most.
  ///   - options: how each token is chosen.
  ///   - stops: strings that end the text and are not part of it.
  ///   - emit: receives the text piece by piece, never half a character and never a part of a stop string; returns
  ///     false to cancel.
  /// - Throws: `MohawkError` when an option is out of its range, the prompt does not fit the model, or the model's
  ///   numbers are not finite.
  public func generate(
    _ prompt: String, limit: Int, options: SamplingOptions, stops: [String] = [], emit: (String) -> Bool = { _ in true }
  ) throws -> Result {
    var sampler = try Sampler(options)
    var ids = tokenizer.encode(prompt)
    // What the tokenizer's template puts first, unless the prompt has it already.
    if !ids.starts(with: tokenizer.textPrefix) { ids = tokenizer.textPrefix + ids }
    if ids.isEmpty {
      guard let start = tokenizer.beginningOfText ?? tokenizer.endOfText else {
        throw MohawkError(.invalidValue, "the prompt is empty and the tokenizer has no token to begin with")
      }
      ids = [start]
    }
    if let longest = model.maxLength, ids.count > longest {
      throw MohawkError(
        .outOfRange, "the prompt has \(ids.count) tokens, the model looks at \(longest) at most",
        remedy: "shorten the prompt, or use a student without attention layers")
    }
    sampler.note(ids)
    return try withoutGradients {
      let state = model.emptyState(batch: 1)
      var logits = model.advance(row(ids), state)
      var output = StopAwareText(stops: stops)
      var decoder = StreamingDecoder(tokenizer, skippingSpecial: true)
      var tokens: [Int32] = []
      var finish = Finish.length
      while tokens.count < limit {
        let next = try choose(logits, &sampler)
        if next == tokenizer.endOfText {
          finish = .stop
          break
        }
        tokens.append(next)
        let (piece, stopped) = output.append(try decoder.append(next))
        if !piece.isEmpty, !emit(piece) {
          finish = .cancelled
          break
        }
        if stopped {
          finish = .stop
          break
        }
        if let longest = model.maxLength, state.position >= longest { break }
        if tokens.count < limit { logits = model.advance(row([next]), state) }
      }
      if !output.hasStopped, finish != .cancelled {
        let rest = output.finish(decoder.finish())
        if !rest.isEmpty { _ = emit(rest) }
      }
      return Result(text: output.text, tokens: tokens, finish: finish)
    }
  }

  private func row(_ ids: [Int32]) -> Tensor {
    Tensor(ids.map(Int64.init), shape: [1, ids.count]).to(on: model.parameters.all[0].value.device)
  }

  /// Rows of the head beyond the tokenizer's ids, and in gaps between them, are padding and never chosen.
  private func choose(_ logits: Tensor, _ sampler: inout Sampler) throws -> Int32 {
    var row = logits.narrowed(-1, from: 0, length: Int(tokenizer.highestID) + 1).floats()
    guard row.allSatisfy(\.isFinite) else {
      throw MohawkError(
        .notFinite, "the model's logits are not finite", remedy: "use precision fp32, or a model with sound weights")
    }
    for gap in gaps { row[gap] = -.infinity }
    return sampler.next(row)
  }
}
