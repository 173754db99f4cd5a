import MohawkTensor

/// The keys and values of the tokens so far: all of them, or the last ones that a sliding window can still see. Values may
/// have other heads and another width than keys.
///
/// The buffers double when full, so that a token costs no copy of all that came before; with a window they stop at
/// twice its size.
public final class AttentionState: MixerState {
  private let batch: Int
  private let keyShape, valueShape: (heads: Int, width: Int)
  private let window: Int?
  /// [batch, heads, capacity, width] each.
  package private(set) var keyBuffer, valueBuffer: Tensor?
  /// The first row of the buffers that is free.
  package private(set) var end = 0
  public private(set) var position = 0

  /// - Parameters:
  ///   - batch: sequences.
  ///   - keys: heads of keys and their width.
  ///   - values: the same of values.
  ///   - window: how many tokens a token can see, itself included; nil for all.
  init(batch: Int, keys: (heads: Int, width: Int), values: (heads: Int, width: Int), window: Int? = nil) {
    self.batch = batch
    (keyShape, valueShape) = (keys, values)
    self.window = window
  }

  /// Tokens remembered: all, or as many as the next token can see beside itself.
  var count: Int { min(end, window.map { $0 - 1 } ?? .max) }

  /// The last keys: [batch, heads, count, width].
  func keys(last count: Int) -> Tensor { keyBuffer!.narrowed(2, from: end - count, length: count) }
  /// The last values: [batch, heads, count, width].
  func values(last count: Int) -> Tensor { valueBuffer!.narrowed(2, from: end - count, length: count) }

  func append(keys: Tensor, values: Tensor) {
    let added = keys.size(2)
    makeRoom(for: added, keys.dtype, on: keys.device)
    withoutGradients {
      keyBuffer!.narrowed(2, from: end, length: added).assign(keys)
      valueBuffer!.narrowed(2, from: end, length: added).assign(values)
    }
    extend(by: added)
  }

  /// Counts rows that were written behind those in use.
  package func extend(by added: Int) {
    end += added
    position += added
  }

  /// The buffers, [batch, heads, capacity, width], with room for `added` rows behind those in use.
  package func buffers(adding added: Int, _ dtype: DType) -> (keys: Tensor, values: Tensor) {
    makeRoom(for: added, dtype, on: .cpu)
    guard let keyBuffer, let valueBuffer else { preconditionFailure("no room was made") }
    precondition(keyBuffer.dtype == dtype && batch == 1, "a state of another model")
    return (keyBuffer, valueBuffer)
  }

  private func makeRoom(for added: Int, _ dtype: DType, on device: Device) {
    if let keyBuffer, keyBuffer.size(2) >= end + added { return }
    let kept = count
    let doubled = 2 * (keyBuffer?.size(2) ?? 32)
    let capacity = max(kept + added, window.map { min(doubled, 2 * $0) } ?? doubled)
    func moved(_ buffer: Tensor?, _ shape: (heads: Int, width: Int)) -> Tensor {
      Self.moved(
        buffer, from: end - kept, count: kept,
        to: .zeros([batch, shape.heads, capacity, shape.width], dtype, on: device))
    }
    keyBuffer = moved(keyBuffer, keyShape)
    valueBuffer = moved(valueBuffer, valueShape)
    end = kept
  }

  private static func moved(_ buffer: Tensor?, from: Int, count: Int, to fresh: Tensor) -> Tensor {
    if let buffer, count > 0 {
      withoutGradients {
        fresh.narrowed(2, from: 0, length: count).assign(buffer.narrowed(2, from: from, length: count))
      }
    }
    return fresh
  }

  public var byteCount: Int { (keyBuffer?.byteCount ?? 0) + (valueBuffer?.byteCount ?? 0) }

  public func copy(by copy: (Tensor) -> Tensor) -> any MixerState { copied(by: copy) }

  /// An independent copy, of tensors that `copy` makes.
  func copied(by copy: (Tensor) -> Tensor) -> AttentionState {
    let other = AttentionState(batch: batch, keys: keyShape, values: valueShape, window: window)
    other.keyBuffer = keyBuffer.map(copy)
    other.valueBuffer = valueBuffer.map(copy)
    (other.end, other.position) = (end, position)
    return other
  }

  public var tensors: [(name: String, tensor: Tensor)] {
    keyBuffer == nil ? [] : [("keys", keys(last: count)), ("values", values(last: count))]
  }

  public func shapes(at position: Int) -> [[Int]] {
    tensors.map { item in
      var shape = item.tensor.shape
      shape[2] = min(position, window.map { $0 - 1 } ?? .max)
      return shape
    }
  }

  public func restore(_ tensors: [Tensor], position: Int) {
    (keyBuffer, valueBuffer) = (tensors[0], tensors[1])
    end = tensors[0].size(2)
    self.position = position
  }
}
