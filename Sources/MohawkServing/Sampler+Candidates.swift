import Foundation
import MohawkDecoding

/// The tokens that may be drawn, with their weights: what top-k and drafts need. Only likely tokens are written down, where
/// an option keeps no others.
extension Sampler {
  /// Tokens that may be drawn, most likely first when an option needs the order, with weights relative to the largest.
  func candidates(_ logits: UnsafeBufferPointer<Float>) -> [Candidate] {
    let weights = LogitWeights(logits, temperature: options.temperature)
    let minP = options.minP
    /// Those of at least this weight that min-p leaves, by their ids; all for 0.
    func tokens(_ least: Double) -> [Candidate] {
      let least = max(least, minP)
      if least == 0 { return logits.indices.map { (Int32($0), weights[$0]) } }
      return weights.ids(above: least).lazy.map { ($0, weights[Int($0)]) }.filter { $0.1 >= least }
    }
    func nucleus(_ sorted: [Candidate], _ enough: Double) -> Int? {
      var sum = 0.0
      let last = sorted.firstIndex { candidate in
        sum += candidate.weight
        return sum >= enough
      }
      return last.map { $0 + 1 }
    }
    func total(_ candidates: [Candidate]) -> Double { candidates.reduce(0) { $0 + $1.weight } }

    if options.topK > 0 {
      let kept = Self.mostLikely(tokens, from: minP) { $0.count >= options.topK ? options.topK : nil }
      guard options.topP < 1 else { return kept }
      return Array(kept.prefix(nucleus(kept, options.topP * total(kept)) ?? kept.count))
    }
    let all = tokens(0)
    guard options.topP < 1 else { return all }
    let enough = options.topP * total(all)
    return Self.mostLikely({ least in all.filter { $0.weight >= least } }, from: minP) { nucleus($0, enough) }
  }

  /// The first tokens by falling weight, then by id; all of them when `count` never knows how many.
  ///
  /// Few of a vocabulary's tokens are likely: those above a bound are sorted and shown to `count`, and the bound falls
  /// until they are enough.
  private static func mostLikely(
    _ tokens: (_ least: Double) -> [Candidate], from smallest: Double, _ count: ([Candidate]) -> Int?
  ) -> [Candidate] {
    var bound = 1.0 / 64
    while true {
      let isAll = bound <= max(1e-12, smallest)
      let likely = tokens(isAll ? 0 : bound).sorted { ($0.weight, $1.id) > ($1.weight, $0.id) }
      if let count = count(likely) { return Array(likely.prefix(count)) }
      if isAll { return likely }
      bound /= 64
    }
  }
}
