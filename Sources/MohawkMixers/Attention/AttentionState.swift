import MohawkTensor

/// The keys and values of all tokens so far: grows with every token.
///
/// The buffers double when full, so that a token costs no copy of all that came before.
public final class AttentionState: MixerState {
  private let batch: Int
  /// [batch, kvHeads, capacity, headDim]
  private var keyBuffer, valueBuffer: Tensor?
  public private(set) var position = 0

  init(batch: Int) { self.batch = batch }

  /// [batch, kvHeads, position, headDim]
  var keys: Tensor { keyBuffer!.narrowed(2, from: 0, length: position) }
  var values: Tensor { valueBuffer!.narrowed(2, from: 0, length: position) }

  func append(keys: Tensor, values: Tensor) {
    let added = keys.size(2)
    let needed = position + added
    keyBuffer = Self.room(for: needed, in: keyBuffer, like: keys, used: position)
    valueBuffer = Self.room(for: needed, in: valueBuffer, like: values, used: position)
    withoutGradients {
      keyBuffer!.narrowed(2, from: position, length: added).assign(keys)
      valueBuffer!.narrowed(2, from: position, length: added).assign(values)
    }
    position = needed
  }

  private static func room(for needed: Int, in buffer: Tensor?, like sample: Tensor, used: Int) -> Tensor {
    if let buffer, buffer.size(2) >= needed { return buffer }
    var shape = sample.shape
    shape[2] = max(needed, 2 * (buffer?.size(2) ?? 32))
    let larger = Tensor.zeros(shape, sample.dtype, on: sample.device)
    if let buffer, used > 0 {
      withoutGradients {
        larger.narrowed(2, from: 0, length: used).assign(buffer.narrowed(2, from: 0, length: used))
      }
    }
    return larger
  }

  public var byteCount: Int { (keyBuffer?.byteCount ?? 0) + (valueBuffer?.byteCount ?? 0) }

  public func copy() -> any MixerState {
    let other = AttentionState(batch: batch)
    other.keyBuffer = keyBuffer?.copy()
    other.valueBuffer = valueBuffer?.copy()
    other.position = position
    return other
  }
}
