import MohawkFiles
import MohawkModels

extension Decoder {
  /// The same model without a sliding window of attention, for texts that fit into it, where no architecture of llama.cpp
  /// has the model's windows.
  /// - Parameter path: of the file, for the notice.
  func withinItsWindow(at path: String) -> Decoder {
    guard configuration.mixers.contains(.windowedAttention), let window = configuration.attention.window,
      (try? GGUFArchitecture(holding: configuration)) == nil
    else { return self }
    var plain = configuration
    plain.mixers = plain.mixers.map { $0 == .windowedAttention ? .attention : $0 }
    (plain.attention.window, plain.attention.sinks) = (nil, nil)
    if window < plain.attention.maxLength {
      plain.attention.maxLength = window
      Notice.report(
        "the model has a sliding window of \(window) tokens, which this file cannot hold: its context is \(window) tokens, within which both compute the same",
        at: path)
    }
    return described(by: plain)
  }
}
