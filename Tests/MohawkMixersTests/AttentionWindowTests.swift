import Foundation
import MohawkLayers
import MohawkTensor
import Testing

@testable import MohawkMixers

/// Softmax in a window beside the first tokens, against the same attention with all else taken out of its rows.
@Suite struct AttentionWindowTests {
  private func attention(window: Int?, sinks: Int?) -> Attention {
    var configuration = AttentionConfiguration(
      modelDim: 24, heads: 4, kvHeads: 2, headDim: 6, rotaryDim: 6, maxLength: 64, bias: true)
    (configuration.window, configuration.sinks) = (window, sinks)
    let build = ParameterBuild(DrawnParameters(RandomGenerator(seed: 3), .float64))
    return Attention(configuration, build.root)
  }

  @Test(arguments: [(1, 0), (1, 1), (5, 4), (5, 30), (16, 2), (17, 1), (40, 4)])
  func onlyTheWindowAndTheFirstTokensAreSeen(_ window: Int, _ sinks: Int) {
    let input = RandomGenerator(seed: 5).normal([2, 17, 24], .float64)
    let (whole, cut) = (attention(window: nil, sinks: nil), attention(window: window, sinks: sinks))
    withoutGradients {
      let full = whole.matrix(of: input).doubles()
      let found = cut.matrix(of: input).doubles()
      for block in 0..<8 {
        for i in 0..<17 {
          let row = (0..<17).map { full[(block * 17 + i) * 17 + $0] }
          let seen = (0..<17).map { $0 <= i && ($0 > i - window || $0 < sinks) }
          let mass = zip(row, seen).reduce(0) { $0 + ($1.1 ? $1.0 : 0) }
          for j in 0..<17 {
            let wanted = seen[j] ? row[j] / mass : 0
            #expect(abs(found[(block * 17 + i) * 17 + j] - wanted) < 1e-12, "\(i) \(j)")
          }
        }
      }
      #expect(cut.factoredMatrix(of: input).whole().isIdentical(to: cut.matrix(of: input)))
    }
  }
}
