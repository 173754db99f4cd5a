import CMohawkDecoder
import Foundation

/// How likely logits over a vocabulary make its tokens, relative to the most likely one: sums over all of them by vectors
/// in fp32, the weight of a single token in fp64.
///
/// Valid as long as the logits are.
package struct LogitWeights {
  /// Tokens whose weights have one sum.
  package static let block = Int(MHK_LOGIT_BLOCK)
  /// Of one row, at least one of them finite and none NaN or +∞.
  package let logits: UnsafeBufferPointer<Float>
  /// The largest logit.
  package let peak: Float
  /// Divides the logits.
  package let temperature: Double

  /// Whether all logits are finite.
  package static func areFinite(_ logits: UnsafeBufferPointer<Float>) -> Bool {
    mhk_logits_finite(logits.baseAddress!, Int64(logits.count))
  }

  /// - Parameters:
  ///   - logits: at least one.
  ///   - temperature: more than 0.
  package init(_ logits: UnsafeBufferPointer<Float>, temperature: Double) {
    (self.logits, self.temperature) = (logits, temperature)
    peak = mhk_logits_largest(logits.baseAddress!, Int64(logits.count))
  }

  /// How far a token lies below the most likely one, in units of the logarithm of its weight.
  package func distance(_ id: Int) -> Double { Double(peak - logits[id]) / temperature }

  /// The weight of a token.
  package subscript(id: Int) -> Double { exp(-distance(id)) }

  /// The sum of each block's weights, to a millionth; the last block may be shorter.
  package func sums() -> [Float] {
    let count = (logits.count + Self.block - 1) / Self.block
    return Array(unsafeUninitializedCapacity: count) { sums, initialized in
      // An infinite scale would make 0 · ∞ of the most likely token, and 0 the same of those that cannot be drawn.
      let scale = Float(min(max(1 / temperature, 1e-30), 1e30))
      mhk_logits_sums(logits.baseAddress!, Int64(logits.count), peak, scale, sums.baseAddress!)
      initialized = count
    }
  }

  /// The tokens of at least this weight, in their order, and maybe some of hardly less.
  package func ids(above weight: Double) -> [Int32] {
    // The bound is rounded twice; a token too much does no harm, one too few would.
    let bound = Double(peak) + temperature * log(weight)
    let slack = 1e-6 * max(abs(Double(peak)), abs(bound), .leastNormalMagnitude)
    return Array(unsafeUninitializedCapacity: logits.count) { ids, initialized in
      initialized = Int(
        mhk_logits_above(logits.baseAddress!, Int64(logits.count), Float(bound - slack), ids.baseAddress!))
    }
  }
}
