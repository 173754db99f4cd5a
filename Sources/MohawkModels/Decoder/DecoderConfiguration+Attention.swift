import MohawkLayers
import MohawkMixers

// Attention as formats describe it, once for all layers.
extension DecoderConfiguration {
  /// The attention of all layers that have it: with the window of those that have one, and with the rotary positions of the
  /// first layer with positions, one without a window before the others. Nil when there is none, or when layers differ in
  /// more than whether they have the window, and in more than two kinds of rotary positions.
  public var sharedAttention: AttentionConfiguration? {
    let all = attentions
    let placed = all.filter { $0.rotaryDim > 0 }
    guard var result = placed.first(where: { $0.window == nil }) ?? placed.first ?? all.first else { return nil }
    let windowed = all.filter { $0.window != nil }
    let others = all.filter { !$0.hasRotary(of: result) }
    guard all.allSatisfy({ $0.plain == result.plain }), others.allSatisfy({ $0.hasRotary(of: others[0]) }),
      windowed.allSatisfy({ $0.window == windowed[0].window && $0.sinks == windowed[0].sinks })
    else { return nil }
    if let one = windowed.first { (result.window, result.sinks) = (one.window, one.sinks) }
    return result
  }

  /// The layers whose rotary positions are not those of ``sharedAttention``, and an attention with theirs: other wave
  /// lengths for layers with a window, or no positions. Nil when there are none.
  public var otherRotary: (layers: [Int], attention: AttentionConfiguration)? {
    guard let shared = sharedAttention else { return nil }
    let others = layers.indices.filter { layers[$0].attention.map { !$0.hasRotary(of: shared) } ?? false }
    return others.first.map { (others, layers[$0].attention!) }
  }

  /// The attention of the layers without a window and of those with one; that of the other kind where a model has one kind
  /// only. Nil when layers of a kind differ, or there is none.
  package var attentionByKind: (full: AttentionConfiguration, local: AttentionConfiguration)? {
    let (full, local) = (attentions.filter { $0.window == nil }, attentions.filter { $0.window != nil })
    guard let first = full.first ?? local.first, full.allSatisfy({ $0.isLike(full[0]) }),
      local.allSatisfy({ $0.isLike(local[0]) })
    else { return nil }
    return (first, local.first ?? first)
  }

  /// Gives layers with a window the rotary positions of `local`, an attention of the same shape.
  mutating func takeRotary(ofWindows local: AttentionConfiguration) {
    changeAttention {
      if $0.window == nil { return }
      ($0.rotaryDim, $0.rotaryBase, $0.rotaryScaling) = (local.rotaryDim, local.rotaryBase, local.rotaryScaling)
    }
  }
}

extension AttentionConfiguration {
  /// Whether another has the same rotary positions; the wave lengths of none mean nothing.
  fileprivate func hasRotary(of other: Self) -> Bool {
    rotaryDim == other.rotaryDim
      && (rotaryDim == 0 || rotaryBase == other.rotaryBase && rotaryScaling == other.rotaryScaling)
  }

  /// Without window and rotary positions.
  fileprivate var plain: Self {
    var result = self
    (result.window, result.sinks) = (nil, nil)
    (result.rotaryDim, result.rotaryBase, result.rotaryScaling) = (0, 0, .none)
    return result
  }

  /// Whether another is the same, windows aside.
  fileprivate func isLike(_ other: Self) -> Bool { plain == other.plain && hasRotary(of: other) }
}
