import Foundation
import MohawkTensor
import Testing

@testable import MohawkDecoding

@Suite struct LogitWeightsTests {
  private func logits(_ count: Int) -> [Float] {
    RandomGenerator(seed: UInt64(count)).normal([count]).floats().map { 5 * $0 - 4 }
  }

  @Test(arguments: Instructions.allCases.filter { $0.rawValue <= Instructions.current.rawValue })
  func sumsAreThoseOfSingleTokens(_ set: Instructions) {
    for count in [1, 15, 16, 17, 255, 256, 257, 1000] {
      var logits = logits(count)
      if count > 20 { logits[3] = -.infinity }
      for temperature in [0.4, 1, 3] {
        logits.withUnsafeBufferPointer { buffer in
          let weights = Instructions.limited(to: set) { LogitWeights(buffer, temperature: temperature) }
          let sums = Instructions.limited(to: set) { weights.sums() }
          #expect(weights.peak == logits.max())
          #expect(sums.count == (count + 255) / 256)
          for (block, sum) in sums.enumerated() {
            let wanted = (block * 256..<min(block * 256 + 256, count)).reduce(0) {
              $0 + exp(Double(logits[$1] - weights.peak) / temperature)
            }
            #expect(abs(Double(sum) - wanted) <= 2e-6 * wanted)
          }
        }
      }
    }
  }

  @Test func tokensAboveAWeightAreAllThere() {
    let logits = logits(3000)
    logits.withUnsafeBufferPointer { buffer in
      for temperature in [0.05, 1, 2] {
        let weights = LogitWeights(buffer, temperature: temperature)
        for least in [1, 0.9, 0.1, 1e-3, 1e-9] {
          let found = weights.ids(above: least)
          let wanted = logits.indices.filter { weights[$0] >= least }.map(Int32.init)
          #expect(Set(wanted).isSubset(of: found) && found.sorted() == found)
          #expect(found.allSatisfy { weights[Int($0)] >= least * (1 - 1e-3) })
        }
      }
    }
  }

  @Test func anExtremeTemperatureLeavesTheMostLikelyOnes() {
    [Float(1), 3, 3, -2].withUnsafeBufferPointer {
      #expect(LogitWeights($0, temperature: .leastNormalMagnitude).sums() == [2])
      #expect(LogitWeights($0, temperature: 1e300).sums() == [4])
    }
  }

  @Test(arguments: Instructions.allCases.filter { $0.rawValue <= Instructions.current.rawValue })
  func oneNumberThatIsNotFiniteIsSeen(_ set: Instructions) {
    for place in [0, 7, 16, 40] {
      for value in [Float.nan, .infinity, -.infinity] {
        var logits = logits(41)
        #expect(Instructions.limited(to: set) { logits.withUnsafeBufferPointer(LogitWeights.areFinite) })
        logits[place] = value
        #expect(!Instructions.limited(to: set) { logits.withUnsafeBufferPointer(LogitWeights.areFinite) })
      }
    }
  }
}
