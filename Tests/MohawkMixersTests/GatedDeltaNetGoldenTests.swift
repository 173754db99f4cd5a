import MohawkTensor
import Testing

@testable import MohawkMixers

/// Gated DeltaNet against the layer of Qwen3-Next in transformers and an independent recurrence in Python.
@Suite struct GatedDeltaNetGoldenTests {
  static let cases = ["equal", "grouped", "decays", "alike"]
  static let types = [DType.float64, .float32]

  @Test(arguments: cases, types)
  func outputAndMatrixAreTheReferences(_ name: String, _ dtype: DType) throws {
    for chunk in [1, 4, 8, 64] {
      try GoldenMamba.gatedDeltaNet(name, dtype, chunk: chunk).outputAndMatrixAreTheReferences()
    }
  }

  @Test(arguments: cases, types)
  func statesAreTheReferencesHoweverTheTokensCome(_ name: String, _ dtype: DType) throws {
    try GoldenMamba.gatedDeltaNet(name, dtype).statesAreTheReferences { ($0 as! DeltaRuleState).memory }
  }

  @Test(arguments: cases, types)
  func gradientsAreTheReferences(_ name: String, _ dtype: DType) throws {
    try GoldenMamba.gatedDeltaNet(name, dtype, chunk: 4).gradientsAreTheReferences()
  }
}
