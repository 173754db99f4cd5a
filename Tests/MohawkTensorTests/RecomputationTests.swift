import Testing

@testable import MohawkTensor

/// Parts that are computed again in the backward pass, against the same parts whose insides are kept.
@Suite struct RecomputationTests {
  private struct Layer {
    let weight: Tensor
    let shift: Tensor

    init(_ seed: UInt64) {
      let generator = RandomGenerator(seed: seed)
      (weight, shift) = (generator.normal([6, 6]), generator.normal([6]))
    }

    var leaves: [Tensor] { [weight, shift] }
    func callAsFunction(_ x: Tensor) -> Tensor { (x.matmul(weight).tanh() * x + shift).sigmoid() }
  }

  /// The output, and the gradients of the input and of all leaves.
  private func pass(_ layers: [Layer], _ x: Tensor, recomputing: Bool) -> (Tensor, [Tensor?]) {
    let leaves = [x] + layers.flatMap(\.leaves)
    for leaf in leaves { leaf.gradient = nil }
    let out = layers.reduce(x) { x, layer in recomputing ? x.recomputed(through: layer.leaves) { layer($0) } : layer(x)
    }
    // As stages do it: a seed, and gradients off outside of the graph.
    withoutGradients { out.backward(Tensor.full([4, 6], 0.3, .float32)) }
    return (out.detached(), leaves.map { $0.gradient?.copy() })
  }

  @Test(arguments: [true, false]) func valuesAndGradientsAreTheSameBits(_ inputMoves: Bool) {
    let layers = (0..<3).map { Layer(UInt64($0)) }
    let x = RandomGenerator(seed: 9).normal([4, 6])
    x.requiresGradient = inputMoves
    for layer in layers { for leaf in layer.leaves { leaf.requiresGradient = true } }
    layers[1].shift.requiresGradient = false
    let (kept, wanted) = pass(layers, x, recomputing: false)
    let (made, found) = pass(layers, x, recomputing: true)
    #expect(made.doubles() == kept.doubles())
    #expect(wanted.map { $0 == nil } == [!inputMoves, false, false, false, true, false, false])
    for (mine, theirs) in zip(found, wanted) {
      #expect((mine == nil) == (theirs == nil))
      if let mine, let theirs { #expect(mine.doubles() == theirs.doubles()) }
    }
  }

  @Test func theBodyRunsAgainOnlyWhereAGradientIsWanted() {
    let layer = Layer(1)
    var calls = 0
    func out() -> Tensor {
      Tensor.full([2, 6], 0.5, .float32).recomputed(through: layer.leaves) {
        calls += 1
        return layer($0)
      }
    }
    #expect(!out().requiresGradient && calls == 1)
    layer.weight.requiresGradient = true
    withoutGradients { #expect(!out().requiresGradient && calls == 2) }
    let moving = out()
    #expect(calls == 3)
    moving.sum().backward()
    #expect(calls == 4 && layer.weight.gradient != nil)
  }

  @Test func whatItHoldsIsLetGo() {
    final class Held {}
    weak var held: Held?
    let weight = Tensor.full([6, 6], 0.1, .float32)
    weight.requiresGradient = true
    do {
      let object = Held()
      held = object
      let out = Tensor.full([2, 6], 0.5, .float32).recomputed(through: [weight]) { x in
        withExtendedLifetime(object) { x.matmul(weight) }
      }
      out.sum().backward()
      #expect(held != nil)
    }
    #expect(held == nil)
  }

  @Test func gradientsAreToldWhenTheyAreComplete() {
    let layers = (0..<3).map { Layer(UInt64($0)) }
    let leaves = layers.flatMap(\.leaves)
    for leaf in leaves { leaf.requiresGradient = true }
    let x = Tensor.full([2, 6], 0.5, .float32)
    var told: [Int] = []
    GradientWatch.tell(of: leaves, { told.append($0) }) {
      let out = layers.reduce(x) { x, layer in x.recomputed(through: layer.leaves) { layer($0) } }
      out.sum().backward(completes: .all)
    }
    #expect(Set(told) == Set(leaves.indices) && Set(told.prefix(2)) == [4, 5] && Set(told.suffix(2)) == [0, 1])
  }
}
