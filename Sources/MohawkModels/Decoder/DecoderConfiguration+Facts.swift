import MohawkMixers

extension DecoderConfiguration {
  /// The geometry in words, for tables.
  public var facts: [(name: String, value: String)] {
    var facts = [
      ("format", format.rawValue), ("layers", layerWords), ("width", "\(modelDim)"),
      ("vocabulary rows", "\(vocabulary)"),
    ]
    if let attention = sharedAttention {
      let positions =
        learnedPositions.map { "\($0) learned positions" }
        ?? "rotary positions on \(attention.rotaryDim), up to \(attention.maxLength)"
      facts.append(
        ("attention", "\(attention.heads) heads of \(attention.headDim), \(attention.kvHeads) of keys, \(positions)"))
      if let window = attention.window {
        let sinks = attention.sinks.map { " and the first \($0)" } ?? ""
        facts.append(("sliding window", "\(window) tokens\(sinks)"))
      }
      if let (others, other) = otherRotary {
        let what = other.rotaryDim == 0 ? "none" : "rotary on \(other.rotaryDim), base \(other.rotaryBase)"
        facts.append(("other positions", "\(what), in \(others.count) of \(attentions.count) attention layers"))
      }
      if let cap = attention.scoreCap { facts.append(("soft cap on scores", "\(cap)")) }
    } else if hasAttention {
      facts.append(("attention", "differs between layers"))
    }
    for kind in MixerKind.all where !kind.isAttention { facts += shared(kind)?.facts ?? [] }
    if hasKeptHeads { facts.append((KeptHeads.name, keptHeadWords)) }
    if let mlp = sharedMLP {
      facts.append(("MLP", "\(mlp.width) wide, \(mlp.activation.rawValue)\(mlp.isGated ? ", gated" : "")"))
    }
    if let normPlaces, normPlaces != .before { facts.append(("norms", "\(normPlaces.rawValue) mixers and MLPs")) }
    if let logitCap { facts.append(("soft cap on logits", "\(logitCap)")) }
    facts.append(("head", tiesHead ? "the embedding" : "of its own"))
    return facts
  }

  /// Such as `24: mamba-2 in 22, attention in 2 (5, 11)`.
  private var layerWords: String {
    let mixers = mixers
    let kinds = MixerKind.all.filter(mixers.contains)
    guard kinds.count > 1 else { return "\(mixers.count), \(kinds[0].rawValue)" }
    let parts = kinds.map { kind in
      let layers = mixers.indices.filter { mixers[$0] == kind }
      let list = layers.count <= 8 && kind.isAttention ? " (\(layers.map(String.init).joined(separator: ", ")))" : ""
      return "\(kind.rawValue) in \(layers.count)\(list)"
    }
    return "\(mixers.count): " + parts.joined(separator: ", ")
  }

  /// Such as `3 in 2 layers (0.1, 0.3, 2.0)`.
  private var keptHeadWords: String {
    let names = keptHeads.enumerated().flatMap { layer, heads in heads.map { "\(layer).\($0)" } }
    let shown = names.prefix(12).joined(separator: ", ") + (names.count > 12 ? ", …" : "")
    let layers = keptHeads.count { !$0.isEmpty }
    return "\(names.count) in \(layers) layer\(layers == 1 ? "" : "s") (\(shown))"
  }
}
