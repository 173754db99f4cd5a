import MohawkModels
import MohawkTensor

/// What one more token costs after a context of some length.
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
    _ model: any LanguageModel, context: Int, steps: Int = 15, filledWith ids: [Int32]
  ) -> DecodeSpeed {
    precondition(!ids.isEmpty && steps > 0, "nothing to time")
    let device = model.parameters.all[0].value.device
    return withoutGradients {
      let state = model.emptyState(batch: 1)
      var done = 0
      while done < context {
        let count = min(1024, context - done)
        let piece = (0..<count).map { ids[(done + $0) % ids.count] }
        _ = model.advance(Tensor(piece.map(Int64.init), shape: [1, count]).to(on: device), state)
        done += count
      }
      let clock = ContinuousClock()
      var times: [Double] = []
      for index in 0..<(steps + 2) {
        let token = Tensor([Int64(ids[(done + index) % ids.count])], shape: [1, 1]).to(on: device)
        // Reading a number waits for the device.
        let time = clock.measure { _ = model.advance(token, state).selected(1, 0).item() }
        if index >= 2 {
          times.append(Double(time.components.attoseconds) * 1e-15 + Double(time.components.seconds) * 1e3)
        }
      }
      return DecodeSpeed(milliseconds: times.sorted()[times.count / 2], stateBytes: state.byteCount)
    }
  }
}
