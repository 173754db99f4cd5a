import MohawkMixers
import MohawkModels
import MohawkTensor
import Testing

@testable import MohawkDecoding

/// Heads that meet many tokens at once, against heads that meet one after the other.
@Suite(.serialized) struct ManyTokensTests {
  init() { Runtime.threads = 1 }

  private func engine(stateDim: Int, groups: Int, headDim: Int) -> DecodingEngine {
    let mamba = Mamba2Configuration(
      modelDim: 32, heads: 6, headDim: headDim, groups: groups, stateDim: stateDim, chunk: 8, normGroups: 1)
    let shape = DecoderConfiguration(
      format: .mohawk, vocabulary: 50, modelDim: 32, layers: 2, layout: .mixerOnly, norm: .rms(epsilon: 1e-5), mlp: nil,
      mixer: mamba)
    return DecodingEngine(Decoder.fresh(shape, seed: 4), weights: .int8)
  }

  @Test(arguments: [16, 32, 64, 128, 256, 40], Instructions.allCases)
  func readingManyTokensIsReadingOneAfterTheOther(_ stateDim: Int, _ set: Instructions) {
    defer { Runtime.threads = 1 }
    let ids = (0..<150).map { Int32($0 * $0 * 7 % 50) }
    for (groups, headDim) in [(1, 32), (3, 16), (2, 24)] {
      let engine = engine(stateDim: stateDim, groups: groups, headDim: headDim)
      Instructions.limited(to: set) {
        let slow = engine.emptyState()
        var rows = ids.map { engine.step([$0], [slow]).copy() }
        rows = [.concatenated(rows, 0), engine.step([9], [slow]).copy()]
        for threads in [1, 2] {
          Runtime.threads = threads
          let fast = engine.emptyState()
          let first = engine.read(Array(ids[..<40]), fast, logits: 40).copy()
          let rest = engine.read(Array(ids[40...]), fast, logits: 110).copy()
          let comment: Comment = "\(groups) groups of state \(stateDim), heads of \(headDim), \(threads) threads"
          #expect(Tensor.concatenated([first, rest], 0).isIdentical(to: rows[0]), comment)
          #expect(engine.step([9], [fast]).isIdentical(to: rows[1]), comment)
        }
      }
    }
  }
}
