import MohawkModels

extension Decoder {
  /// The same weights with softmax in a window beside the first tokens.
  /// - Parameters:
  ///   - window: tokens that a token sees, itself included; a window of the model's own that is smaller stays.
  ///   - sinks: the first tokens, seen from everywhere.
  ///   - kept: layers that keep full attention where they have it; a model has one window for all others.
  public func windowed(_ window: Int, sinks: Int, except kept: Set<Int> = []) -> Decoder {
    var shape = configuration
    for layer in shape.layers.indices {
      guard var attention = shape.layers[layer].attention, attention.window != nil || !kept.contains(layer) else {
        continue
      }
      (attention.window, attention.sinks) = (min(window, attention.window ?? window), sinks)
      shape.layers[layer].mixer = attention
    }
    return described(by: shape)
  }
}
