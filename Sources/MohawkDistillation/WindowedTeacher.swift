import MohawkModels

extension Decoder {
  /// The same weights with softmax in a window beside the first tokens.
  /// - Parameters:
  ///   - window: tokens that a token sees, itself included; a window of the model's own that is smaller stays.
  ///   - sinks: the first tokens, seen from everywhere.
  ///   - kept: layers that keep full attention where they have it; a model has one window for all others.
  public func windowed(_ window: Int, sinks: Int, except kept: Set<Int> = []) -> Decoder {
    var shape = configuration
    shape.attention.window = min(window, configuration.attention.window ?? window)
    shape.attention.sinks = sinks
    for layer in shape.mixers.indices where shape.mixers[layer].isAttention && !kept.contains(layer) {
      shape.mixers[layer] = .windowedAttention
    }
    return described(by: shape)
  }
}
