// SmolLM 3 (`SmolLM3ForCausalLM`): Llama, with layers that have no positions.

import MohawkFiles
import MohawkLayers
import MohawkMixers

enum SmolLM3Family: Family {
  static let features: Set<DecoderFeature> = [.mixedRotary]

  static func configuration(_ json: ModelJSON, _ format: CheckpointFormat) throws -> DecoderConfiguration {
    try json.refuseOtherMathematics(than: [
      "attention_bias", "mlp_bias", "no_rope_layers", "no_rope_layer_interval", "sliding_window", "use_sliding_window",
      "layer_types",
    ])
    var result = try LlamaFamily.gatedRMSDecoder(
      json, format, defaults: .init(heads: 16, kvHeads: 4, base: 2_000_000, maxLength: 32_768), tied: true)
    let (hasBias, hasMLPBias) = (
      try json.bool("attention_bias", default: false), try json.bool("mlp_bias", default: false)
    )
    result.changeAttention { ($0.bias, $0.outputBias) = (hasBias, hasBias) }
    result.changeMLPs { $0.bias = hasMLPBias }
    let unplaced = try unplacedLayers(json, result.layers.count)
    let isOn = try json.bool("use_sliding_window", default: false) && json.has("sliding_window")
    try json.readWindows(&result, isOn: isOn, unplaced.contains)
    result.changeAttention(where: unplaced.contains) { $0.rotaryDim = 0 }
    return result
  }

  /// The layers without positions: those that the list has a 0 for, or else every fourth, or as the interval says.
  private static func unplacedLayers(_ json: ModelJSON, _ count: Int) throws -> Set<Int> {
    guard json.has("no_rope_layers") else {
      let interval = try json.integer("no_rope_layer_interval", default: 4)
      return Set((0..<count).filter { ($0 + 1).isMultiple(of: interval) })
    }
    guard let list = json.object["no_rope_layers"] as? [Int], list.count >= count, list.allSatisfy({ 0...1 ~= $0 })
    else {
      throw MohawkError(
        .invalidValue,
        "'no_rope_layers' is not a list of \(count) numbers, 1 for layers with positions and 0 for others",
        at: json.path, remedy: "give each layer its number")
    }
    return Set((0..<count).filter { list[$0] == 0 })
  }

  static func keys(_ configuration: DecoderConfiguration) -> KeyTable { LlamaFamily.keys(configuration) }

  static func json(_ configuration: DecoderConfiguration) -> [String: Any] {
    var object = configuration.gatedRMSJSON("SmolLM3ForCausalLM")
    let attention = configuration.sharedAttention
    object["attention_bias"] = attention?.bias
    object["mlp_bias"] = configuration.sharedMLP?.bias
    object["no_rope_layers"] = configuration.attentions.map { $0.rotaryDim > 0 ? 1 : 0 }
    object["use_sliding_window"] = attention?.window != nil
    object["sliding_window"] = attention?.window
    object["layer_types"] = configuration.layerTypes
    return object
  }

  static func unsupportedFeature(to configuration: DecoderConfiguration) -> String? {
    let attention = configuration.sharedAttention
    return configuration.unsupportedGatedBlocks()
      ?? configuration.firstDifference([
        ("norms of queries and keys", attention?.headNormEpsilon == nil),
        ("an output projection biased unlike the others", attention?.bias == attention?.outputBias),
        ("multipliers", configuration.multipliers == .init() && attention?.scale == nil),
        (
          "positions on a part of each head",
          configuration.attentions.allSatisfy { [0, $0.headDim].contains($0.rotaryDim) }
        ),
        (
          "wave lengths that differ between layers",
          configuration.otherRotary.map { $0.attention.rotaryDim == 0 } ?? true
        ),
      ])
  }
}
