import MohawkTensor
import Testing

@testable import MohawkMixers

/// Linear attention against flash-linear-attention's naive form and independent sums in Python.
@Suite struct LinearAttentionGoldenTests {
  @Test(arguments: ["identity", "elu", "hedgehog"], [DType.float64, .float32])
  func linearAttentionIsTheReference(_ name: String, _ dtype: DType) throws {
    let golden = try GoldenMamba.linear(name, dtype)
    try golden.outputAndMatrixAreTheReferences()
    try golden.statesAreTheReferences { ($0 as! LinearState).memory }
    try golden.gradientsAreTheReferences()
  }
}
