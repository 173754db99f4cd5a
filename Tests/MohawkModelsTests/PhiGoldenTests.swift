import MohawkLayers
import MohawkMixers
import MohawkTensor
import Testing

@testable import MohawkModels

/// Phi against Hugging Face's transformers and against equations in fp64; Phi-Mamba and its hybrid against plain Python
/// in the authors' layout.
@Suite struct PhiGoldenTests {
  /// Two implementations in fp32, with the rounding of three layers between them.
  static let tolerance = 1e-5

  @Test(arguments: GoldenModel.all)
  func everyLayerAndTheLogitsAreTheReferences(_ name: String) throws {
    let golden = try GoldenModel(name)
    try withoutGradients {
      var hidden = golden.model.embed(try golden.ids)
      for (index, block) in golden.model.blocks.enumerated() {
        #expect(try hidden.error(from: golden.output("hidden.\(index)")) <= Self.tolerance, "enters layer \(index)")
        let input = block.mixerInput(hidden)
        let matrix = block.mixer.matrix(of: input)
        #expect(try matrix.error(from: golden.matrix(index)) <= Self.tolerance, "matrix of layer \(index)")
        let mixed = block.mixer(input)
        #expect(try mixed.error(from: golden.mixed(index)) <= Self.tolerance, "mixer of layer \(index)")
        let next = block.finish(hidden, input: input, mixed: mixed)
        #expect(next.isIdentical(to: block(hidden)))
        if golden.isTransformer {
          let mlp = next - hidden - mixed
          #expect(try mlp.error(from: golden.output("mlp_output.\(index)")) <= Self.tolerance, "MLP of layer \(index)")
        }
        hidden = next
      }
      #expect(try hidden.error(from: golden.output("hidden.\(golden.model.blocks.count)")) <= Self.tolerance)
      #expect(try hidden.isIdentical(to: golden.model.hidden(golden.ids)))
      let normalised = golden.model.normalise(hidden)
      if golden.isTransformer {
        #expect(try normalised.error(from: golden.output("final_norm_output")) <= Self.tolerance)
      }
      let logits = golden.model(try golden.ids)
      #expect(try logits.error(from: golden.output("logits")) <= Self.tolerance)
      #expect(logits.isIdentical(to: golden.model.head(normalised)))
    }
  }

  @Test(arguments: GoldenModel.all)
  func inDoublesTheLogitsAndTheLossAreTheEquations(_ name: String) throws {
    let golden = try GoldenModel(name, dtype: .float64)
    #expect(golden.model.compute == .float64)
    #expect(try golden.model(golden.ids).error(from: golden.output("logits_f64")) <= 1e-12)
    #expect(try golden.loss().error(from: golden.output("loss_f64")) <= 1e-12)
  }

  @Test(arguments: GoldenModel.all)
  func gradientsAreTheReferences(_ name: String) throws {
    // The reference is fp32 for the transformers and rounded fp64 for the others.
    let golden = try GoldenModel(name, dtype: GoldenModel.transformers.contains(name) ? .float32 : .float64)
    golden.model.parameters.train { _ in true }
    let loss = try golden.loss()
    if golden.isTransformer { #expect(try loss.error(from: golden.output("loss")) <= 1e-6) }
    loss.backward()
    let keys = golden.outputs.names.filter { $0.hasPrefix("grad.") }
    #expect(keys.count >= 11)
    for key in keys {
      let tolerance = golden.isTransformer ? Self.tolerance : 1e-7
      let gradient = golden.gradient(String(key.dropFirst(5)))
      #expect(try gradient.error(from: golden.output(key)) <= tolerance, "\(key)")
    }
    for parameter in golden.model.parameters.all {
      // A bias of all keys shifts every score of a row alike, so its gradient is 0 by cancellation.
      #expect(parameter.value.gradient?.isAllFinite == true, "\(parameter.name)")
    }
  }

  @Test(arguments: GoldenModel.all)
  func greedyContinuationsAreTheReferences(_ name: String) throws {
    let golden = try GoldenModel(name)
    let model = golden.model
    try withoutGradients {
      let expected = try golden.output("continuation")
      for pieces in [[17], [1, 16], [5, 1, 11]] {
        let state = model.emptyState(batch: 2)
        var logits = Tensor.zeros([1])
        for piece in try golden.ids.split(pieces, 1) { logits = model.advance(piece, state) }
        var ids = try golden.ids
        var tokens: [Tensor] = []
        for _ in 0..<12 {
          let whole = model(ids).selected(1, ids.size(1) - 1)
          #expect(logits.error(from: whole) <= Self.tolerance, "\(pieces), token \(tokens.count)")
          let token = logits.argmax(-1, keep: true)
          tokens.append(token)
          ids = .concatenated([ids, token], 1)
          logits = model.advance(token, state)
        }
        #expect(Tensor.concatenated(tokens, 1).isIdentical(to: expected), "\(pieces)")
        #expect(state.position == 29)
      }
    }
  }

  @Test(arguments: ["phi-mamba", "hybrid-phi-mamba"])
  func finalStatesAreTheReferences(_ name: String) throws {
    let golden = try GoldenModel(name)
    for pieces in [[17], [8, 9], Array(repeating: 1, count: 17)] {
      let state = golden.model.emptyState(batch: 2)
      for piece in try golden.ids.split(pieces, 1) { _ = golden.model.advance(piece, state) }
      var compared = 0
      for (index, layer) in state.layers.enumerated() {
        guard let layer = layer as? DiscreteMamba2State else { continue }
        let expected = try golden.output("final_state.\(index)")
        #expect(layer.memory.error(from: expected) <= Self.tolerance, "layer \(index), \(pieces)")
        compared += 1
      }
      #expect(compared == (name == "phi-mamba" ? 3 : 2))
    }
  }

  @Test func aCopiedModelStateGoesItsOwnWay() throws {
    let golden = try GoldenModel("hybrid-phi-mamba")
    let state = golden.model.emptyState(batch: 2)
    _ = golden.model.advance(try golden.ids, state)
    let copy = state.copy()
    let token = Tensor([3, 5] as [Int64], shape: [2, 1])
    let expected = golden.model.advance(token, state)
    _ = golden.model.advance(Tensor([8, 2] as [Int64], shape: [2, 1]), state)
    #expect(copy.position == 17 && state.position == 19 && copy.byteCount > 0)
    #expect(golden.model.advance(token, copy).isIdentical(to: expected))
  }

  @Test func theHybridsMixersStandWhereItsFileSays() throws {
    let golden = try GoldenModel("hybrid-phi-mamba")
    #expect(golden.model.configuration.mixers == [.discreteMamba2, .attention, .discreteMamba2])
    #expect(golden.model.blocks.map { $0.mixer is Attention } == [false, true, false])
    #expect(golden.model.maxLength == 2048)
    #expect(try GoldenModel("phi-mamba").model.maxLength == nil)
    #expect(try GoldenModel("phi").model.maxLength == 64)
  }
}
