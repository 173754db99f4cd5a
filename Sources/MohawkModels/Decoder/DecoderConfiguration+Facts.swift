import MohawkMixers

extension DecoderConfiguration {
  /// The geometry in words, for tables.
  public var facts: [(name: String, value: String)] {
    var facts = [
      ("format", format.rawValue), ("layers", layerWords), ("width", "\(modelDim)"),
      ("vocabulary rows", "\(vocabulary)"),
    ]
    if hasAttention {
      let positions =
        learnedPositions.map { "\($0) learned positions" }
        ?? "rotary positions on \(attention.rotaryDim), up to \(attention.maxLength)"
      facts.append(
        ("attention", "\(attention.heads) heads of \(attention.headDim), \(attention.kvHeads) of keys, \(positions)"))
      if mixers.contains(.windowedAttention), let window = attention.window {
        let sinks = attention.sinks.map { " and the first \($0)" } ?? ""
        facts.append(("sliding window", "\(window) tokens\(sinks)"))
      }
      if let other = otherRotary {
        let what = other.dimensions == 0 ? "none" : "rotary on \(other.dimensions), base \(other.base)"
        let count = mixers.count(where: \.isAttention)
        facts.append(("other positions", "\(what), in \(other.layers.count) of \(count) attention layers"))
      }
      if let cap = attention.scoreCap { facts.append(("soft cap on scores", "\(cap)")) }
    }
    for kind in MixerKind.all where mixers.contains(kind) { facts += geometries[kind]?.facts ?? [] }
    if layout != .mixerOnly {
      facts.append(("MLP", "\(mlp.width) wide, \(mlp.activation.rawValue)\(mlp.isGated ? ", gated" : "")"))
    }
    if normPlaces != .before { facts.append(("norms", "\(normPlaces.rawValue) mixers and MLPs")) }
    if let logitCap { facts.append(("soft cap on logits", "\(logitCap)")) }
    facts.append(("head", tiesHead ? "the embedding" : "of its own"))
    return facts
  }

  /// Such as `24: mamba-2 in 22, attention in 2 (5, 11)`.
  private var layerWords: String {
    let kinds = MixerKind.all.filter(mixers.contains)
    guard kinds.count > 1 else { return "\(mixers.count), \(kinds[0].rawValue)" }
    let parts = kinds.map { kind in
      let layers = mixers.indices.filter { mixers[$0] == kind }
      let list = layers.count <= 8 && kind.isAttention ? " (\(layers.map(String.init).joined(separator: ", ")))" : ""
      return "\(kind.rawValue) in \(layers.count)\(list)"
    }
    return "\(mixers.count): " + parts.joined(separator: ", ")
  }
}
