/// What few models compute and most formats have no word for.
public enum DecoderFeature: String, Sendable, CaseIterable {
  /// Norms of what mixers and MLPs put out.
  case normsBehind = "norms behind mixers and MLPs"
  /// Norms over all queries and all keys of a token.
  case normsAcrossHeads = "norms of queries and keys across their heads"
  /// A soft cap on the scores.
  case scoreCap = "a soft cap on the scores of attention"
  /// A soft cap on the logits.
  case logitCap = "a soft cap on the logits"
  /// Layers with other rotary positions than others.
  case mixedRotary = "rotary positions that differ between layers"
  /// An embedding's multiplier rounded to the type of the weights.
  case roundedMultiplier = "a multiplier that is rounded to the type of the weights"
}

extension DecoderConfiguration {
  /// What this model has of that which few have.
  public var features: Set<DecoderFeature> {
    let all: [(DecoderFeature, Bool)] = [
      (.normsBehind, layers.contains { $0.steps.contains { $0.branches.contains { $0.postNorm != nil } } }),
      (.normsAcrossHeads, attentions.contains { $0.headNormEpsilon != nil && $0.normsAcrossHeads }),
      (.scoreCap, attentions.contains { $0.scoreCap != nil }), (.logitCap, logitCap != nil),
      (.mixedRotary, otherRotary != nil),
      (.roundedMultiplier, multipliers.roundsEmbedding && multipliers.embedding != 1),
    ]
    return Set(all.filter(\.1).map(\.0))
  }

  /// The first feature of this model that is not among some; nil when there is none.
  public func feature(beyond known: Set<DecoderFeature>) -> DecoderFeature? {
    DecoderFeature.allCases.first { features.contains($0) && !known.contains($0) }
  }
}
