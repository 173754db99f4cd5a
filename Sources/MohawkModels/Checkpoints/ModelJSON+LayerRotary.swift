import Foundation
import MohawkFiles
import MohawkLayers
import MohawkMixers

// Rotary positions that differ between layers with a window and those without, as `rope_parameters` describes them by
// kind, or older keys do for the layers without.
extension ModelJSON {
  /// The kinds of layers, by their names in `layer_types`.
  enum LayerKind: String {
    case full = "full_attention"
    case sliding = "sliding_attention"
  }

  /// The same with the rotary positions of one kind of layers as if they were those of all.
  /// - Parameters:
  ///   - kind: which layers.
  ///   - base: of the wave lengths, where the kind does not say it.
  func rotary(of kind: LayerKind, base: Double) throws -> ModelJSON {
    var described = try object("rope_parameters")?.object ?? [:]
    let kinds = [LayerKind.full.rawValue, LayerKind.sliding.rawValue]
    if let other = described.keys.sorted().first(where: { !kinds.contains($0) }) {
      throw MohawkError(
        .unsupported,
        "'rope_parameters' has '\(Self.short(other))' beside the kinds of layers, which means nothing here",
        at: path, remedy: "say it below \(kinds.joined(separator: " or "))")
    }
    described = try ModelJSON(path: path, object: described, text: "").object(kind.rawValue)?.object ?? [:]
    if kind == .full, let scaling = try object("rope_scaling") { described.merge(scaling.object) { $1 } }
    if described["rope_theta"] == nil { described["rope_theta"] = base }
    var result = object
    for key in ["rope_scaling", "rope_theta"] { result[key] = nil }
    result["rope_parameters"] = described
    return ModelJSON(path: path, object: result, text: text)
  }
}

extension DecoderConfiguration {
  /// Gives layers with a window the rotary positions of `local`, an attention of the same shape.
  mutating func takeRotary(ofWindows local: AttentionConfiguration) {
    otherRotary = OtherRotary(
      layers: Set(mixers.indices.filter { mixers[$0] == .windowedAttention }), dimensions: local.rotaryDim,
      base: local.rotaryBase, scaling: local.rotaryScaling)
    settleAttention()
  }

  /// The attention of layers without a window and with one; those of the other kind where a model has one kind only.
  package var attentionByKind: (full: AttentionConfiguration, local: AttentionConfiguration) {
    func first(_ kind: Mixer) -> AttentionConfiguration? { mixers.firstIndex(of: kind).map(attention(of:)) }
    let (full, local) = (first(.attention), first(.windowedAttention))
    return (full ?? local ?? attention, local ?? full ?? attention)
  }

  /// Whether layers of a kind, with or without a window, have the same rotary positions.
  var hasRotaryByKind: Bool {
    guard let otherRotary else { return true }
    let windowed = mixers.indices.filter { mixers[$0] == .windowedAttention }
    return otherRotary.layers == Set(windowed)
      || otherRotary.layers == Set(mixers.indices.filter { mixers[$0] == .attention })
  }

  /// As `rope_parameters` by kind of layers.
  var rotaryByKindJSON: [String: Any] {
    func json(_ attention: AttentionConfiguration) -> [String: Any] {
      (attention.rotaryScaling.json ?? ["rope_type": "default"]).merging(["rope_theta": attention.rotaryBase]) { $1 }
    }
    let (full, local) = attentionByKind
    return [ModelJSON.LayerKind.full.rawValue: json(full), ModelJSON.LayerKind.sliding.rawValue: json(local)]
  }
}
