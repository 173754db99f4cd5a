import MohawkLayers
import MohawkTensor
import Testing

@testable import MohawkModels

/// Computing in bf16 over fp32 weights.
@Suite struct PhiPrecisionTests {
  @Test(arguments: GoldenModel.all)
  func computingInHalfPrecisionStaysNearSingle(_ name: String) throws {
    let golden = try GoldenModel(name, compute: .bfloat16)
    let exact = try GoldenModel(name).model
    try withoutGradients {
      let hidden = golden.model.hidden(try golden.ids)
      #expect(hidden.dtype == .float32, "the stream between the layers keeps the weights' type")
      let logits = golden.model(try golden.ids)
      #expect(logits.dtype == .bfloat16)
      #expect(try logits.error(from: exact(golden.ids)) <= 2e-2)
      // A single bf16 rounding is 1.7e-3 in the root mean square: less would mean that nothing was computed in bf16.
      #expect(try hidden.error(from: exact.hidden(golden.ids)) > 1e-4)
      // Prefill and steps keep their states in fp32 and agree with the whole sequence as well as bf16 allows.
      let state = golden.model.emptyState(batch: 2)
      let pieces = try golden.ids.split([5, 1, 11], 1).map { golden.model.advance($0, state) }
      #expect(pieces[2].error(from: logits.selected(1, 16)) <= 2e-2)
    }
  }

  @Test(arguments: GoldenModel.all)
  func gradientsReachTheSinglePrecisionWeights(_ name: String) throws {
    let half = try GoldenModel(name, compute: .bfloat16)
    let exact = try GoldenModel(name)
    for golden in [half, exact] {
      golden.model.parameters.train { _ in true }
      try golden.loss().backward()
    }
    // Measured: 1 to 6.3 % over all weights, at most 11 % for one parameter.
    let scale = exact.model.parameters.all.map { $0.value.gradient!.rms }.max()! * 1e-3
    for (mine, theirs) in zip(half.model.parameters.all, exact.model.parameters.all) {
      let gradient = try #require(mine.value.gradient)
      #expect(mine.value.dtype == .float32 && gradient.dtype == .float32)
      #expect(gradient.error(from: theirs.value.gradient!, scale: scale) <= 0.15, "\(mine.name)")
    }
    let (mine, theirs) = (half.model.parameters.all, exact.model.parameters.all)
    let all = Tensor.concatenated(mine.map { $0.value.gradient!.reshaped(-1) }, 0)
    #expect(all.error(from: .concatenated(theirs.map { $0.value.gradient!.reshaped(-1) }, 0)) <= 8e-2)
  }

  @Test func aFrozenModelRecordsNothing() throws {
    let golden = try GoldenModel("hybrid-phi-mamba")
    golden.model.parameters.train { _ in true }
    golden.model.freeze()
    #expect(try !golden.model(golden.ids).requiresGradient)
  }
}
