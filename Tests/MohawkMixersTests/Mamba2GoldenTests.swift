import Foundation
import MohawkLayers
import MohawkTensor
import Testing

@testable import MohawkMixers

/// Mamba-2 against the modules of transformers and an independent implementation in Python.
@Suite struct Mamba2GoldenTests {
  static let cases = ["stock", "grouped", "decays", "bamba", "granite", "whole"]
  static let types = [DType.float64, .float32]

  @Test(arguments: cases, types)
  func outputAndMatrixAreTheReferences(_ name: String, _ dtype: DType) throws {
    for chunk in [1, 4, 8, 64] { try GoldenMamba.mamba2(name, dtype, chunk: chunk).outputAndMatrixAreTheReferences() }
  }

  @Test(arguments: cases, types)
  func statesAreTheReferencesHoweverTheTokensCome(_ name: String, _ dtype: DType) throws {
    try GoldenMamba.mamba2(name, dtype).statesAreTheReferences { ($0 as! SSDState).memory }
  }

  @Test(arguments: cases, types)
  func gradientsAreTheReferences(_ name: String, _ dtype: DType) throws {
    try GoldenMamba.mamba2(name, dtype, chunk: 4).gradientsAreTheReferences()
  }
}
