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
  /// As `rope_parameters` by kind of layers; nil where layers of a kind differ.
  var rotaryByKindJSON: [String: Any]? {
    func json(_ attention: AttentionConfiguration) -> [String: Any] {
      (attention.rotaryScaling.json ?? ["rope_type": "default"]).merging(["rope_theta": attention.rotaryBase]) { $1 }
    }
    guard let (full, local) = attentionByKind else { return nil }
    return [ModelJSON.LayerKind.full.rawValue: json(full), ModelJSON.LayerKind.sliding.rawValue: json(local)]
  }
}
