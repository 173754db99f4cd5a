import CMohawkDecoder
import MohawkMixers
import MohawkModels
import MohawkTensor

/// Where the states of some sequences lie, layer by layer, as the native decoder reads them.
struct NativeStates {
  private(set) var all: [mhk_layer_state] = []

  /// The layers of one sequence more, with room for `added` tokens.
  mutating func append(_ state: ModelState, of model: Decoder, adding added: Int, _ cache: DType) {
    precondition(state.layers.count == model.blocks.count, "a state of another model")
    all += state.native.map { $0.pointers(adding: added, cache) }
  }

  mutating func removeAll() { all.removeAll(keepingCapacity: true) }

  /// Counts tokens that the native decoder has added.
  static func move(_ state: ModelState, by count: Int) {
    for layer in state.native { layer.move(by: count) }
  }
}

extension ModelState {
  /// The layers of a model all of whose mixers are native.
  fileprivate var native: [any NativeState] {
    layers.map { layer in
      guard let layer = layer as? any NativeState else { preconditionFailure("a native mixer whose state is not") }
      return layer
    }
  }
}

extension mhk_layer_state {
  /// Of a constant size.
  fileprivate init(_ memory: Tensor, _ past: Tensor, _ other: Tensor?) {
    self.init(
      first: memory.address, second: past.address, third: other?.address, filled: 0, capacity: 0,
      window_keys: nil, window_values: nil, kept_keys: nil, kept_values: nil)
  }
}

extension SSDState: NativeState {
  func pointers(adding added: Int, _ cache: DType) -> mhk_layer_state {
    var pointers = mhk_layer_state(memory, xPast, bcPast)
    if let window {
      pointers.filled = Int64(position)
      pointers.window_keys = window.keys.address.assumingMemoryBound(to: Float.self)
      pointers.window_values = window.values.address.assumingMemoryBound(to: Float.self)
    }
    if let kept {
      let (keys, values) = kept.buffers(adding: added, cache)
      (pointers.filled, pointers.capacity) = (Int64(kept.end), Int64(keys.size(2)))
      (pointers.kept_keys, pointers.kept_values) = (keys.address, values.address)
    }
    return pointers
  }

  func move(by count: Int) {
    position += count
    kept?.extend(by: count)
  }
}

extension MambaState: NativeState {
  func pointers(adding added: Int, _ cache: DType) -> mhk_layer_state {
    mhk_layer_state(memory, past, nil)
  }

  func move(by count: Int) { position += count }
}

extension AttentionState: NativeState {
  func pointers(adding added: Int, _ cache: DType) -> mhk_layer_state {
    let (keys, values) = buffers(adding: added, cache)
    return mhk_layer_state(
      first: keys.address, second: values.address, third: nil, filled: Int64(end), capacity: Int64(keys.size(2)),
      window_keys: nil, window_values: nil, kept_keys: nil, kept_values: nil)
  }

  func move(by count: Int) { extend(by: count) }
}
