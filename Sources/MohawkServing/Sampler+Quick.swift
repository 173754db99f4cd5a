import MohawkDecoding

/// Drawing without sorting a vocabulary, and without fp64 for all of it. The slow form is a draw from `distribution`: the
/// same numbers of the generator give the same tokens, save where two sums round to different sides.
extension Sampler {
  /// A token as likely as temperature, min-p and top-p say.
  mutating func sampleUnsorted(_ logits: UnsafeBufferPointer<Float>) -> Int32 {
    let weights = LogitWeights(logits, temperature: options.temperature)
    if options.minP == 0, options.topP == 1 { return draw(fromAll: weights) }
    let likely = TopTokens(weights, minP: options.minP, topP: options.topP)
    return likely.pick(likely.isSingle ? 0 : drawUnit() * likely.weight)
  }

  /// From the whole vocabulary: the block first, then the token in it.
  private mutating func draw(fromAll weights: LogitWeights) -> Int32 {
    let count = weights.logits.count
    if count == 1 { return 0 }
    let sums = weights.sums().map(Double.init)
    var rest = drawUnit() * sums.reduce(0, +)
    var block = 0
    while block < sums.count - 1, rest >= sums[block] {
      rest -= sums[block]
      block += 1
    }
    // Rounding can leave a rest behind the last token: then the last one that can be drawn is meant.
    var last: Int?
    for id in block * LogitWeights.block..<min((block + 1) * LogitWeights.block, count) {
      let weight = weights[id]
      if weight > 0 { last = id }
      rest -= weight
      if rest < 0 { return Int32(id) }
    }
    return Int32(last ?? weights.logits.firstIndex(of: weights.peak)!)
  }
}
