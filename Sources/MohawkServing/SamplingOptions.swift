import Foundation
import MohawkFiles

/// How the next token is chosen from logits.
///
/// The biases come first, then the penalties of repetition, frequency and presence, then the temperature; min-p, top-k
/// and top-p then each look at what the one before it has left. Of tokens that are equally likely, the one with the smaller id counts as the more likely.
public struct SamplingOptions: Sendable, Equatable {
  /// Divides the logits; 0 takes the most likely token.
  public var temperature = 0.8
  /// Keeps the k most likely tokens; 0 keeps all.
  public var topK = 0
  /// Keeps the most likely tokens whose probabilities add up to p; 1 keeps all.
  public var topP = 1.0
  /// Keeps tokens at least this fraction as likely as the most likely one; 0 keeps all.
  public var minP = 0.0
  /// Divides positive and multiplies negative logits of tokens seen so far (Keskar et al. 2019); 1 changes nothing.
  public var repetitionPenalty = 1.0
  /// Subtracted from the logits of a token for every time it was chosen; the prompt does not count.
  public var frequencyPenalty = 0.0
  /// Subtracted once from the logits of tokens that were chosen.
  public var presencePenalty = 0.0
  /// Added to the logits of tokens.
  public var logitBias: [Int32: Double] = [:]
  /// Decides the draws.
  public var seed: UInt64 = 0

  /// Whether anything changes logits before the temperature does.
  var changesLogits: Bool {
    repetitionPenalty != 1 || frequencyPenalty != 0 || presencePenalty != 0 || !logitBias.isEmpty
  }

  /// Temperature 0.8 and nothing else.
  public init() {}

  /// - Throws: `MohawkError` naming the first option out of its range.
  public func validate() throws {
    func check(_ holds: Bool, _ name: String, _ value: Any, _ range: String) throws {
      guard holds else { throw MohawkError(.invalidValue, "\(name) is \(value), it must be \(range)") }
    }
    try check(temperature.isFinite && temperature >= 0, "temperature", temperature, "0 or more")
    try check(topK >= 0, "top-k", topK, "0 or more")
    try check(topP > 0 && topP <= 1, "top-p", topP, "above 0 and at most 1")
    try check(minP >= 0 && minP <= 1, "min-p", minP, "from 0 to 1")
    try check(repetitionPenalty.isFinite && repetitionPenalty > 0, "repetition penalty", repetitionPenalty, "above 0")
    try check(abs(frequencyPenalty) <= 2, "frequency penalty", frequencyPenalty, "from -2 to 2")
    try check(abs(presencePenalty) <= 2, "presence penalty", presencePenalty, "from -2 to 2")
    for (id, bias) in logitBias { try check(abs(bias) <= 100, "bias of token \(id)", bias, "from -100 to 100") }
  }
}
