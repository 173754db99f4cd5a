import MohawkTensor
import Testing

@testable import MohawkMixers

/// Kimi Delta Attention and gated linear attention against flash-linear-attention's naive forms and an independent
/// recurrence in Python.
@Suite struct ChannelDecayGoldenTests {
  static let cases = ["equal", "grouped", "decays"]
  static let types = [DType.float64, .float32]

  @Test(arguments: cases, types) func kimiDeltaIsTheReference(_ name: String, _ dtype: DType) throws {
    let golden = try GoldenMamba.kimiDelta(name, dtype)
    try golden.outputAndMatrixAreTheReferences()
    try golden.statesAreTheReferences { ($0 as! DeltaRuleState).memory }
    try golden.gradientsAreTheReferences(within: 16)
  }

  @Test(arguments: cases, types) func gatedLinearAttentionIsTheReference(_ name: String, _ dtype: DType) throws {
    let golden = try GoldenMamba.gatedLinear(name, dtype)
    try golden.outputAndMatrixAreTheReferences()
    try golden.statesAreTheReferences { ($0 as! LinearState).memory }
    try golden.gradientsAreTheReferences()
  }
}
