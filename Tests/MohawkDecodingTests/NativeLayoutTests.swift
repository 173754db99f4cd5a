import Testing

@testable import MohawkDecoding
@testable import MohawkModels

@Suite struct NativeLayoutTests {
  @Test func everyLayoutHasANativeForm() {
    func code(
      _ layout: DecoderConfiguration.Layout, _ places: DecoderConfiguration.NormPlaces = .before
    ) -> Int32 {
      NativeLayout.code(of: layout.steps(places))
    }
    let codes = [code(.sequential), code(.parallel), code(.parallelNorms), code(.mixerOnly)]
    #expect(Set(codes).count == 4)
    for places in DecoderConfiguration.NormPlaces.allCases { #expect(code(.sequential, places) == codes[0]) }
  }
}
