extension Decoder {
  /// A model of the first layers of this one, with its embedding, final norm and head. It shares the weights.
  /// - Parameter count: from 1 to the number of layers.
  public func firstLayers(_ count: Int) -> Decoder {
    precondition((1...configuration.layers.count).contains(count), "\(count) of \(configuration.layers.count) layers")
    var shape = configuration
    shape.layers = Array(configuration.layers.prefix(count))
    return described(by: shape)
  }
}
