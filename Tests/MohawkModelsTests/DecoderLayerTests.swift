import MohawkLayers
import MohawkMixers
import MohawkTensor
import Testing

@testable import MohawkModels

/// Layers as data: what they are made of, and the order in which a block computes.
@Suite struct DecoderLayerTests {
  private func shape(_ layout: DecoderConfiguration.Layout) -> DecoderConfiguration {
    DecoderConfiguration(
      format: .mohawk, vocabulary: 11, modelDim: 8, layers: 3, layout: layout, norm: .rms(epsilon: 1e-5),
      mlp: .init(width: 12, activation: .silu, isGated: true, bias: false),
      mixer: AttentionConfiguration(
        modelDim: 8, heads: 2, kvHeads: 2, headDim: 4, rotaryDim: 4, maxLength: 64, bias: false))
  }

  /// A step per addition, its branches as norm, part, norm.
  private func words(_ layout: DecoderConfiguration.Layout, _ places: DecoderConfiguration.NormPlaces) -> [String] {
    layout.steps(places).map { step in
      step.branches.map { "\($0.norm ?? "-") \($0.part) \($0.postNorm ?? "-")" }.joined(separator: " + ")
    }
  }

  @Test func layoutsAreListsOfSteps() {
    #expect(words(.sequential, .before) == ["norm mixer -", "mlp_norm mlp -"])
    #expect(words(.sequential, .after) == ["- mixer post_norm", "- mlp mlp_post_norm"])
    #expect(words(.sequential, .around) == ["norm mixer post_norm", "mlp_norm mlp mlp_post_norm"])
    #expect(words(.parallel, .before) == ["norm mixer - + norm mlp -"])
    #expect(words(.parallelNorms, .before) == ["norm mixer - + mlp_norm mlp -"])
    #expect(words(.mixerOnly, .before) == ["norm mixer -"])
  }

  @Test func aLayerHasItsOwnMixerAndMLP() {
    var shape = shape(.sequential)
    shape.changeAttention(where: { $0 == 1 }) { ($0.window, $0.rotaryDim) = (16, 0) }
    shape.layers[2].mixer = Mamba2Configuration(modelDim: 8, heads: 2, headDim: 4, stateDim: 4)
    #expect(shape.mixers == [.attention, .windowedAttention, .mamba2])
    #expect(shape.layers.map(\.mixerName) == ["attention", "attention", "mixer"])
    #expect(shape.sharedAttention?.window == 16 && shape.sharedAttention?.rotaryDim == 4)
    #expect(shape.shared(Mamba2Configuration.self)?.stateDim == 4)
    #expect(shape.layout == .sequential && shape.normPlaces == .before && shape.sharedMLP?.width == 12)
    shape.setBlocks(.mixerOnly)
    #expect(shape.layout == .mixerOnly && shape.sharedMLP == nil)
    #expect(shape.layers.allSatisfy { $0.mlp == nil && $0.steps.count == 1 })
  }

  /// Written out from the parts, for norms around both and norms of either kind of parallel block.
  @Test func aBlockComputesItsStepsInTheirOrder() {
    for layout in [DecoderConfiguration.Layout.sequential, .parallel, .parallelNorms, .mixerOnly] {
      for places in DecoderConfiguration.NormPlaces.allCases {
        var shape = shape(layout)
        shape.setBlocks(layout, norms: places)
        shape.multipliers.residual = 0.5
        let model = Decoder.fresh(shape, seed: 1, dtype: .float64)
        let (block, x) = (model.layers[1], RandomGenerator(seed: 2).normal([2, 5, 8], .float64))
        withoutGradients {
          func norm(_ name: String, _ x: Tensor) -> Tensor { block.norm(name).map { $0(x) } ?? x }
          let input = norm("norm", x)
          let mixed = norm("post_norm", block.mixer(input))
          let expected: Tensor
          switch layout {
          case .mixerOnly: expected = x + mixed * 0.5
          case .sequential:
            let between = x + mixed * 0.5
            expected = between + norm("mlp_post_norm", block.mlp!(norm("mlp_norm", between))) * 0.5
          case .parallel: expected = x + mixed * 0.5 + norm("mlp_post_norm", block.mlp!(input)) * 0.5
          case .parallelNorms:
            expected = x + mixed * 0.5 + norm("mlp_post_norm", block.mlp!(norm("mlp_norm", x))) * 0.5
          }
          #expect(block(x).error(from: expected) < 1e-12, "\(layout) \(places)")
        }
      }
    }
  }
}
