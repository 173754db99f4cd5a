import Foundation
import MohawkLayers
import MohawkMixers
import MohawkTensor

extension ContextStart {
  /// Root mean square up to which what passes a SiLU is let grow: for small x it is x/2, but for a share of x/2.
  static let smallness = 1 / 256.0
  /// The largest weight of the norm that the start asks for: half of what F16 holds.
  static let largestNormWeight = 32_768.0

  /// Stock Mamba-2 as Discrete-Mamba-2. What stands between the two is made to do nothing:
  ///
  /// * SiLU after the convolution: the taps carry factors so small, e for x and η for B and C, that it is a product by ½.
  /// * Step sizes: Δ = 1 for every token, and A = −log a.
  /// * The norm: what enters it is so small that its epsilon outweighs it, and the norm is a product by 1/√epsilon.
  /// * The gate: rows that give on all inputs what SiLU makes a 1 of.
  ///
  /// Then y = (η²/4)(e/2) times what Discrete-Mamba-2 computes, if D is (η²/4) δ, and the norm's weight makes up for it.
  /// All factors are powers of 2, so that no weight is rounded, but for √epsilon. Rows of the input projection and the
  /// output projection are Discrete-Mamba-2's own, so that they stand any type of weights as well as a teacher's do.
  /// - Parameters:
  ///   - mixer: what starts.
  ///   - weights: what Discrete-Mamba-2 would start as.
  ///   - smallness: how small e and η are chosen,
  ///   - largestNormWeight: unless the norm's weight became larger than this.
  /// - Returns: units of parameters by their names in the mixer: the factors.
  static func start(
    _ mixer: Mamba2, _ weights: ContextWeights, smallness: Double = smallness,
    largestNormWeight: Double = largestNormWeight
  ) -> [(name: String, unit: Double)] {
    let shape = mixer.configuration
    mixer.xRows.weight.assign(weights.x)
    mixer.bcRows.weight.assign(weights.bc)
    mixer.outProjection.weight.assign(weights.out)
    for rows in [mixer.xRows, mixer.bcRows, mixer.dtRows] { rows.bias?.fill(0) }
    if let bias = mixer.outProjection.bias {
      if let values = weights.outBias { bias.assign(values) } else { bias.fill(0) }
    }
    let largest = (
      x: weights.largest(weights.x, weights.xBias, parts: shape.heads),
      bc: weights.largest(weights.bc, weights.bcBias, parts: 2 * shape.heads)
    )
    let root = shape.normEpsilon.squareRoot()
    var (e, eta) = (factor(smallness, largest.x), factor(smallness, largest.bc))
    while 8 * root / (eta * eta * e) > largestNormWeight { (e, eta) = (2 * e, 2 * eta) }

    mixer.xConvolution.pass(times: e, bias: weights.xBias)
    mixer.bcConvolution.pass(times: eta, bias: weights.bcBias)
    mixer.dtRows.weight.fill(0)
    mixer.dtBias.fill(log(exp(1) - 1))
    mixer.aLog.assign(Tensor(weights.fits.map { log(-log($0.decay)) }))
    mixer.skip.assign(Tensor(weights.fits.map { $0.skip * eta * eta / 4 }))
    mixer.norm?.weight.fill(8 * root / (eta * eta * e))
    if let bias = mixer.zRows.bias {
      mixer.zRows.weight.fill(0)
      bias.fill(DiscreteMamba2.openGate)
    } else {
      let rows = weights.common * DiscreteMamba2.openGate
      mixer.zRows.weight.assign(rows.unsqueezed(0).repeatedEach(shape.innerDim, 0))
    }
    return [
      ("conv1d.x.weight", e), ("conv1d.x.bias", e), ("conv1d.bc.weight", eta), ("conv1d.bc.bias", eta),
      ("D", eta * eta / 4), ("norm.weight", 8 / (eta * eta * e) * exp2(log2(root).rounded())),
    ]
  }

  /// The largest power of 2, 1 at most, that makes numbers of this size small.
  private static func factor(_ smallness: Double, _ size: Double) -> Double {
    size > 0 ? min(1, exp2(log2(smallness / size).rounded(.down))) : 1
  }
}
