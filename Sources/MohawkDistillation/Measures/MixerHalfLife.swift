import Foundation
import MohawkMixers
import MohawkTensor

/// How long the heads of a state-space mixer remember, and how much of a token passes by its state.
public struct MixerHalfLife: Sendable, Equatable {
  /// For each head the tokens after which half of a token is left, by its mean logarithm of the decay over a text.
  public var halfLives: [Double]
  /// D of each head.
  public var skips: [Double]

  /// Of every layer whose mixer has decays and is the student's own, each fed with the teacher's input to it. A window
  /// beside the recurrent part remembers nothing of that kind and is left out.
  /// - Parameters:
  ///   - pair: teacher and student.
  ///   - batches: ids [batch, length]; as much of them is read as ``LayerDistances`` reads for matrices.
  public static func measure(_ pair: DistillationPair, _ batches: [Tensor]) -> [MixerHalfLife?] {
    guard let windowSwitch = pair.student.windowSwitch else { return recurrent(pair, batches) }
    return windowSwitch.with(.off) { recurrent(pair, batches) }
  }

  private static func recurrent(_ pair: DistillationPair, _ batches: [Tensor]) -> [MixerHalfLife?] {
    var sums = [(logDecay: [Double], skips: [Double])?](repeating: nil, count: pair.student.blocks.count)
    withoutGradients {
      for ids in batches {
        LayerWalk.run(pair, LayerDistances.shown(ids), .input) { layer, input, _ in
          pair.student.blocks[layer].mixer.factoredMatrix(of: input)
        } finish: { layer, matrix in
          guard case .semiseparable(let factors) = matrix.factors else { return }
          let means = StageLosses.wide(factors.logDecay).mean(over: 0, 1).doubles()
          let before = sums[layer]?.logDecay ?? means.map { _ in 0 }
          sums[layer] = (zip(before, means).map(+), factors.skip.detached().doubles())
        }
      }
    }
    return sums.map { sum in
      sum.map { sum in
        MixerHalfLife(
          halfLives: sum.logDecay.map { $0 < 0 ? log(0.5) * Double(batches.count) / $0 : .infinity }, skips: sum.skips)
      }
    }
  }
}
