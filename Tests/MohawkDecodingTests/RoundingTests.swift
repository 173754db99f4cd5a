import Foundation
import MohawkGGUF
import MohawkLayers
import MohawkModels
import MohawkTensor
import MohawkWeights
import Testing

@testable import MohawkDecoding

/// Matrices that are rounded as they are read.
@Suite struct RoundingTests {
  @Test(arguments: [WeightPrecision.int8, .int4], [DType.float32, .bfloat16])
  func aFolderIsRoundedAsItsOpenModelIs(_ precision: WeightPrecision, _ dtype: DType) throws {
    try QuantizedFolderTests.inFolder { folder in
      let model = QuantizedFolderTests.model()
      try model.write(to: folder, as: dtype)
      let whole = QuantizedDecoder(try Decoder.open(folder, dtype: nil), precision)
      let rounded = try QuantizedDecoder.rounding(folder, precision)
      #expect(Set(rounded.matrices.keys) == Set(whole.matrices.keys) && rounded.byteCount == whole.byteCount)
      for (name, matrix) in whole.matrices {
        #expect(rounded.matrices[name]!.bytes.isIdentical(to: matrix.bytes), "\(name)")
      }
      #expect(rounded.model.compute == whole.model.compute)
      let (first, second) = (DecodingEngine(whole), try DecodingEngine.open(folder, weights: precision))
      let ids: [Int32] = [3, 1, 4, 1, 5]
      #expect(second.read(ids, second.emptyState()).isIdentical(to: first.read(ids, first.emptyState())))
    }
  }

  @Test func blocksBecomeInt8WithinHalfAStep() throws {
    try QuantizedFolderTests.inFolder { folder in
      let path = folder + "/blocks.gguf"
      let numbers = (0..<4 * 64).map { Float(sin(Double($0 * $0))) }
      var writer = GGUFWriter()
      writer.set("general.architecture", .string("llama"))
      writer.add(GGUFTensor("m", shape: [4, 64], type: .q8, floats: { numbers }))
      try writer.write(to: path)
      let matrix = try GGUFWeights(path).tensor("m")
      let (before, after) = (matrix.floats(), QuantizedMatrix(matrix, .int8).dequantized().floats())
      for start in stride(from: 0, to: before.count, by: 32) {
        let largest = before[start..<start + 32].map(abs).max()!
        for index in start..<start + 32 { #expect(abs(before[index] - after[index]) <= largest / 250) }
      }
      #expect(try WeightPrecision.kept(of: path) == .int8 && WeightPrecision.kept(of: folder) == nil)
    }
  }
}
