import MohawkGGUF
import Testing

@Suite struct GGUFValueTests {
  @Test func widthsAreNotEqual() {
    #expect(GGUFValue.uint8(1) != GGUFValue.uint32(1))
  }
}
