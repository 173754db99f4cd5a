import MohawkLayers
import MohawkMixers

extension ModelJSON {
  /// The number of layers.
  func layers(_ key: String = "num_hidden_layers") throws -> Int { try integer(key, in: 1...10_000) }
}

extension TokenRoles {
  /// The keys of `config.json`.
  var json: [String: Any] {
    var object: [String: Any] = [:]
    object["bos_token_id"] = beginning
    object["pad_token_id"] = padding
    if ends.count == 1 { object["eos_token_id"] = ends[0] }
    if ends.count > 1 { object["eos_token_id"] = ends }
    return object
  }
}

extension DecoderConfiguration {
  /// Keys of `config.json` that most of transformers' architectures share.
  func commonJSON(_ architecture: String) -> [String: Any] {
    var object: [String: Any] = [
      "architectures": [architecture], "model_type": format.modelType, "torch_dtype": "float32",
      "vocab_size": vocabulary, "hidden_size": modelDim, "num_hidden_layers": layers.count,
      "tie_word_embeddings": tiesHead, "use_cache": true,
    ]
    object["intermediate_size"] = sharedMLP?.width
    if let attention = sharedAttention {
      object["num_attention_heads"] = attention.heads
      object["num_key_value_heads"] = attention.kvHeads
      object["max_position_embeddings"] = attention.maxLength
      object["rope_theta"] = attention.rotaryBase
      object["rope_scaling"] = attention.rotaryScaling.json
      object["attention_dropout"] = 0.0
    }
    object.merge(tokens.json) { $1 }
    return object
  }

  /// The name of the first claim that does not hold.
  func firstDifference(_ claims: [(String, Bool)]) -> String? { claims.first { !$0.1 }?.0 }
}
