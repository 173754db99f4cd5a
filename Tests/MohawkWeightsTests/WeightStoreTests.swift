import MohawkTensor
import MohawkWeights
import Testing

@Suite struct WeightStoreTests {
  @Test func bytesAreElementsTimesTheirSize() {
    #expect(WeightShape(.bfloat16, [3, 5]).byteCount == 30)
    #expect(WeightShape(.float64, []).byteCount == 8)
  }
}
