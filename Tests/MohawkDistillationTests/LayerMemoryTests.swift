import MohawkDistillation
import MohawkLayers
import MohawkMixers
import MohawkModels
import MohawkTensor
import Testing

/// One layer's graph at a time: when a layer is looked at, the backward pass of those before it is over and their
/// matrices are gone, and so is what entered it.
@Suite struct LayerMemoryTests {
  @Test(arguments: [false, true]) func onlyOneLayersGraphExists(_ aligning: Bool) throws {
    let tiny = try TinyPair(layers: 6)
    let watch = Watch(tiny.student.parameters)
    let pair = try DistillationPair(
      teacher: SpyModel(tiny.teacher) { layer, made in
        watch.made(layer, made)
      } entered: { layer, hidden in
        watch.entered(layer, hidden)
      },
      student: SpyModel(tiny.student) { layer, made in
        watch.visited(layer)
        watch.made(layer, made)
      } entered: { _, _ in
      })
    if aligning {
      let stage = try LayerStage.alignment(pair, TinyPair.plan(.mixer))
      try stage.begin()
      _ = try stage.accumulate(TinyPair.tokens(), share: 1)
    } else {
      let stage = try LayerStage.orientation(pair, TinyPair.plan(.matrix))
      try stage.begin()
      _ = try stage.accumulate(TinyPair.tokens(), share: 1)
    }
    #expect(watch.visits == Array(0..<6))
    #expect(watch.alive(before: 6) == 0)
  }
}

/// Weak references to all matrices and outputs that mixers have made.
private final class Watch {
  struct Made {
    let layer: Int
    weak var tensor: Tensor?
  }

  var visits: [Int] = []
  private var tensors: [Made] = []
  private var entering: [Made] = []
  private let parameters: ParameterList

  init(_ parameters: ParameterList) { self.parameters = parameters }

  func made(_ layer: Int, _ tensor: Tensor) { tensors.append(Made(layer: layer, tensor: tensor)) }
  func entered(_ layer: Int, _ hidden: Tensor) { entering.append(Made(layer: layer, tensor: hidden)) }
  func alive(before layer: Int) -> Int { tensors.count { $0.layer < layer && $0.tensor != nil } }

  func visited(_ layer: Int) {
    visits.append(layer)
    for other in 0..<6 {
      let gradient = parameters["layers.\(other).mixer.in_proj.bc"]!.value.gradient
      #expect((gradient != nil) == (other < layer), "layer \(other) when layer \(layer) is looked at")
    }
    #expect(alive(before: layer) == 0)
    #expect(entering.map(\.layer) == Array(0...layer))
    #expect(entering.allSatisfy { $0.tensor == nil })
  }
}

/// A model that tells of the matrices and mixed sequences that its mixers make.
private final class SpyModel: LanguageModel {
  private let inner: Decoder
  let blocks: [any Block]

  init(
    _ inner: Decoder, made: @escaping (Int, Tensor) -> Void, entered: @escaping (Int, Tensor) -> Void
  ) {
    self.inner = inner
    func spied(_ mixer: some CausalMixer, _ layer: Int) -> any CausalMixer {
      SpyMixer(inner: mixer) { made(layer, $0) }
    }
    blocks = inner.blocks.enumerated().map { layer, block in
      SpyBlock(inner: block, mixer: spied(block.mixer, layer)) { entered(layer, $0) }
    }
  }

  var vocabulary: Int { inner.vocabulary }
  var modelDim: Int { inner.modelDim }
  var maxLength: Int? { inner.maxLength }
  var parameters: ParameterList { inner.parameters }
  func embed(_ ids: Tensor, from position: Int) -> Tensor { inner.embed(ids, from: position) }
  func normalise(_ hidden: Tensor) -> Tensor { inner.normalise(hidden) }
  func head(_ normalised: Tensor) -> Tensor { inner.head(normalised) }
  func write(to folder: String) throws { try inner.write(to: folder) }
}

private struct SpyBlock: Block {
  let inner: any Block
  let mixer: any CausalMixer
  let entered: (Tensor) -> Void
  var parameters: [Parameter] { inner.parameters }
  var hasMLP: Bool { inner.hasMLP }
  func mixerInput(_ hidden: Tensor) -> Tensor {
    entered(hidden)
    return inner.mixerInput(hidden)
  }
  func finish(_ hidden: Tensor, input: Tensor, mixed: Tensor) -> Tensor {
    inner.finish(hidden, input: input, mixed: mixed)
  }
}

private struct SpyMixer<Inner: CausalMixer>: CausalMixer {
  let inner: Inner
  let made: (Tensor) -> Void

  static var kind: String { Inner.kind }
  var configuration: Inner.Configuration { inner.configuration }
  var heads: Int { inner.heads }
  func operands(_ x: Tensor, for use: OperandUse) -> Inner.Operands { inner.operands(x, for: use) }
  func values(_ operands: Inner.Operands) -> Tensor { inner.values(operands) }
  func matrix(_ operands: Inner.Operands) -> Tensor { told(inner.matrix(operands)) }
  func mix(_ operands: Inner.Operands) -> Tensor { inner.mix(operands) }
  func output(_ mixed: Tensor, _ x: Tensor) -> Tensor { told(inner.output(mixed, x)) }
  func emptyState(batch: Int) -> any MixerState { inner.emptyState(batch: batch) }
  func advance(_ x: Tensor, _ state: any MixerState) -> Tensor { inner.advance(x, state) }

  private func told(_ tensor: Tensor) -> Tensor {
    made(tensor)
    return tensor
  }
}
