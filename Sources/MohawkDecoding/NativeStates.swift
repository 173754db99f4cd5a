import CMohawkTorch
import MohawkMixers
import MohawkModels
import MohawkTensor

/// Where the states of some sequences lie, layer by layer, as the native decoder reads them.
struct NativeStates {
  private(set) var all: [mhk_layer_state] = []

  /// The layers of one sequence more, with room for `added` tokens.
  mutating func append(_ state: ModelState, of model: Decoder, adding added: Int, _ cache: DType) {
    precondition(state.layers.count == model.blocks.count, "a state of another model")
    for layer in state.layers {
      switch layer {
      case let layer as SSDState:
        var pointers = Self.pointers(layer.memory, layer.xPast, layer.bcPast)
        if let window = layer.window {
          pointers.filled = Int64(layer.position)
          pointers.window_keys = window.keys.address.assumingMemoryBound(to: Float.self)
          pointers.window_values = window.values.address.assumingMemoryBound(to: Float.self)
        }
        all.append(pointers)
      case let layer as MambaState: all.append(Self.pointers(layer.memory, layer.past, nil))
      case let layer as AttentionState:
        let shape = model.configuration.attention
        layer.makeRoom(for: added, kvHeads: shape.kvHeads, headDim: shape.headDim, cache, on: .cpu)
        guard let keys = layer.keyBuffer, let values = layer.valueBuffer else { fatalError("no room was made") }
        precondition(keys.dtype == cache && keys.size(0) == 1, "a state of another model")
        all.append(
          mhk_layer_state(
            first: keys.address, second: values.address, third: nil, filled: Int64(layer.end),
            capacity: Int64(keys.size(2)), window_keys: nil, window_values: nil))
      default: fatalError("a state of an unknown mixer")
      }
    }
  }

  mutating func removeAll() { all.removeAll(keepingCapacity: true) }

  private static func pointers(_ memory: Tensor, _ past: Tensor, _ other: Tensor?) -> mhk_layer_state {
    mhk_layer_state(
      first: memory.address, second: past.address, third: other?.address, filled: 0, capacity: 0,
      window_keys: nil, window_values: nil)
  }

  /// Counts tokens that the native decoder has added.
  static func move(_ state: ModelState, by count: Int) {
    for layer in state.layers {
      switch layer {
      case let layer as SSDState: layer.position += count
      case let layer as MambaState: layer.position += count
      case let layer as AttentionState: layer.extend(by: count)
      default: break
      }
    }
  }
}
