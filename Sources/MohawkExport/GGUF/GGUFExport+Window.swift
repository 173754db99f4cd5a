import MohawkFiles
import MohawkModels

extension Decoder {
  /// The same model without a sliding window of attention, for texts that fit into it, where no architecture of llama.cpp
  /// has the model's windows.
  /// - Parameter path: of the file, for the notice.
  func withinItsWindow(at path: String) -> Decoder {
    guard let attention = configuration.sharedAttention, let window = attention.window,
      (try? GGUFArchitecture(holding: configuration)) == nil
    else { return self }
    var plain = configuration
    plain.changeAttention { ($0.window, $0.sinks, $0.maxLength) = (nil, nil, min(window, $0.maxLength)) }
    if window < attention.maxLength {
      Notice.report(
        "the model has a sliding window of \(window) tokens, which this file cannot hold: its context is \(window) tokens, within which both compute the same",
        at: path)
    }
    return described(by: plain)
  }
}
