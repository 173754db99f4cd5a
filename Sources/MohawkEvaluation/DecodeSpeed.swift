import MohawkDecoding
import MohawkModels
import MohawkTensor

/// What one more token costs after a context of some length, as `generate` and `serve` decode it.
public struct DecodeSpeed: Sendable, Equatable {
  /// The median of single-token steps.
  public let milliseconds: Double
  /// Memory of the model's state at the end.
  public let stateBytes: Int

  /// Times single-token steps after `context` tokens.
  /// - Parameters:
  ///   - model: the model.
  ///   - context: tokens that it has read before.
  ///   - steps: how many steps to time after two untimed ones.
  ///   - ids: what to fill the context with, repeated as often as needed.
  public static func measure(
    _ model: Decoder, context: Int, steps: Int = 15, filledWith ids: [Int32]
  ) -> DecodeSpeed {
    precondition(!ids.isEmpty && steps > 0, "nothing to time")
    let engine = DecodingEngine(model)
    let state = engine.emptyState()
    func token(_ place: Int) -> Int32 { ids[place % ids.count] }
    while state.position < context {
      let place = state.position
      _ = engine.read((place..<min(place + 1024, context)).map(token), state, logits: 0)
    }
    let clock = ContinuousClock()
    var times: [Double] = []
    for index in 0..<(steps + 2) {
      let id = token(state.position)
      // Reading a number waits for the device.
      let time = clock.measure { _ = engine.step([id], [state]).narrowed(1, from: 0, length: 1).item() }
      if index >= 2 {
        times.append(Double(time.components.attoseconds) * 1e-15 + Double(time.components.seconds) * 1e3)
      }
    }
    return DecodeSpeed(milliseconds: times.sorted()[times.count / 2], stateBytes: state.byteCount)
  }
}
