import Foundation
import MohawkText

/// Draws tokens; the same seed and logits give the same tokens.
public struct Sampler: Sendable {
  /// How tokens are chosen.
  public let options: SamplingOptions
  private var generator: SeededGenerator
  private var seen: Set<Int32> = []
  /// How often each token was chosen.
  private var chosen: [Int32: Int] = [:]

  /// - Throws: `MohawkError` when an option is out of its range.
  public init(_ options: SamplingOptions) throws {
    try options.validate()
    self.options = options
    generator = SeededGenerator(seed: options.seed)
  }

  /// Tells the repetition penalty about tokens of the prompt.
  public mutating func note(_ ids: some Sequence<Int32>) { seen.formUnion(ids) }

  /// The next token from logits over the vocabulary.
  public mutating func next(_ logits: [Float]) -> Int32 { logits.withUnsafeBufferPointer { next($0) } }

  mutating func next(_ logits: UnsafeBufferPointer<Float>) -> Int32 {
    let choice = options.changesLogits ? penalized(logits).withUnsafeBufferPointer { pick($0) } : pick(logits)
    chose(choice)
    return choice
  }

  /// A token from logits that are not to be changed any more.
  private mutating func pick(_ logits: UnsafeBufferPointer<Float>) -> Int32 {
    if options.temperature == 0 { return Self.largest(logits) }
    return options.topK > 0 ? draw(from: candidates(logits)) : sampleUnsorted(logits)
  }

  private func penalized(_ logits: UnsafeBufferPointer<Float>) -> [Float] {
    var logits = Array(logits)
    penalize(&logits)
    return logits
  }

  /// Tells about a token that was chosen by other means than `next`.
  mutating func chose(_ id: Int32) {
    seen.insert(id)
    chosen[id, default: 0] += 1
  }

  /// A token that may be drawn, with a weight relative to that of the most likely one.
  typealias Candidate = (id: Int32, weight: Double)

  /// What `next` draws from, after everything that the options say; one token alone when the temperature is 0.
  func distribution(_ logits: UnsafeBufferPointer<Float>) -> [Candidate] {
    func all(_ logits: UnsafeBufferPointer<Float>) -> [Candidate] {
      options.temperature == 0 ? [(Self.largest(logits), 1)] : candidates(logits)
    }
    return options.changesLogits ? penalized(logits).withUnsafeBufferPointer(all) : all(logits)
  }

  private func penalize(_ logits: inout [Float]) {
    for (id, bias) in options.logitBias where logits.indices.contains(Int(id)) { logits[Int(id)] += Float(bias) }
    if options.repetitionPenalty != 1 {
      let penalty = Float(options.repetitionPenalty)
      for id in seen where Int(id) < logits.count {
        logits[Int(id)] = logits[Int(id)] > 0 ? logits[Int(id)] / penalty : logits[Int(id)] * penalty
      }
    }
    if options.frequencyPenalty != 0 || options.presencePenalty != 0 {
      for (id, count) in chosen where Int(id) < logits.count {
        logits[Int(id)] -= Float(options.frequencyPenalty * Double(count) + options.presencePenalty)
      }
    }
  }

  private static func largest(_ logits: UnsafeBufferPointer<Float>) -> Int32 {
    var best = 0
    for index in logits.indices where logits[index] > logits[best] { best = index }
    return Int32(best)
  }

  /// One of the tokens, as likely as its weight says.
  mutating func draw(from kept: [Candidate]) -> Int32 {
    if kept.count == 1 { return kept[0].id }
    let total = kept.reduce(0) { $0 + $1.weight }
    var rest = generator.nextUnit() * total
    for candidate in kept {
      rest -= candidate.weight
      if rest < 0 { return candidate.id }
    }
    return kept.last!.id
  }

  /// A number in `0..<1` from the sampler's generator.
  mutating func drawUnit() -> Double { generator.nextUnit() }

  /// Draws on from where a copy of this sampler has stopped.
  mutating func continueDraws(of copy: Sampler) { generator = copy.generator }
}
