// Qwen 2, 2.5 (`Qwen2ForCausalLM`: biases of queries, keys and values) and Qwen 3 (`Qwen3ForCausalLM`: norms of each
// head's queries and keys instead).

import MohawkFiles
import MohawkLayers
import MohawkMixers

enum QwenFamily: Family {
  static func configuration(_ json: ModelJSON, _ format: CheckpointFormat) throws -> DecoderConfiguration {
    try json.refuseOtherMathematics(than: ["attention_bias", "sliding_window", "use_sliding_window", "layer_types"])
    var result = try LlamaFamily.gatedRMSDecoder(
      json, format, defaults: .init(kvHeads: 32, headDim: format == .qwen3 ? 128 : nil, maxLength: 32_768))
    let isThree = format == .qwen3
    let hasBias = try !isThree || json.bool("attention_bias", default: false)
    let epsilon = isThree ? result.normEpsilon : nil
    result.changeAttention {
      ($0.bias, $0.outputBias) = (hasBias, hasBias && isThree)
      $0.headNormEpsilon = epsilon
    }
    let first = try json.integer("max_window_layers", default: 28, in: 0...1 << 24)
    try json.readWindows(&result, isOn: json.bool("use_sliding_window", default: false)) { $0 >= first }
    return result
  }

  static func keys(_ configuration: DecoderConfiguration) -> KeyTable { LlamaFamily.keys(configuration) }

  static func json(_ configuration: DecoderConfiguration) -> [String: Any] {
    let isThree = configuration.format == .qwen3
    var object = configuration.gatedRMSJSON(isThree ? "Qwen3ForCausalLM" : "Qwen2ForCausalLM")
    if isThree {
      object["attention_bias"] = configuration.sharedAttention?.bias
    } else {
      object["head_dim"] = nil
    }
    let windowed = configuration.mixers.contains(.windowedAttention)
    object["use_sliding_window"] = windowed
    if windowed {
      object["sliding_window"] = configuration.sharedAttention?.window
      object["max_window_layers"] = configuration.mixers.firstIndex(of: .windowedAttention)
      object["layer_types"] = configuration.layerTypes
    }
    return object
  }

  static func unsupportedFeature(to configuration: DecoderConfiguration) -> String? {
    let attention = configuration.sharedAttention
    let isThree = configuration.format == .qwen3
    return configuration.unsupportedGatedRMS()
      ?? configuration.firstDifference([
        ("biases of the MLP", configuration.sharedMLP?.bias == false),
        (
          isThree ? "attention without norms of queries and keys" : "norms of queries and keys",
          isThree == (attention?.headNormEpsilon != nil)
        ),
        (
          "such biases of the attention",
          isThree ? attention?.bias == attention?.outputBias : attention?.bias == true && attention?.outputBias == false
        ),
        (
          "heads that are not as wide together as the model",
          isThree || attention?.width == configuration.modelDim
        ),
      ])
  }
}
