import Foundation
import MohawkLayers
import MohawkTensor
import Testing

@testable import MohawkMixers

@Suite struct WindowTests {
  private static let shape = DiscreteMamba2Configuration(
    modelDim: 24, qkHeads: 4, vHeads: 4, stateDim: 5, chunk: 16,
    window: WindowConfiguration(tokens: 7, sinks: 3, kvHeads: 2, headDim: 8, rotaryDim: 8, bias: true))

  private func mixer(_ windowSwitch: WindowSwitch? = nil) -> (mixer: DiscreteMamba2, parameters: ParameterList) {
    let build = ParameterBuild(DrawnParameters(RandomGenerator(seed: 1), .float64))
    return (DiscreteMamba2(Self.shape, windowSwitch: windowSwitch, build.root / "mixer"), build.parameters)
  }

  /// The same parameters without window.
  private func recurrentPart(of parameters: ParameterList) -> DiscreteMamba2 {
    var plain = Self.shape
    plain.window = nil
    return DiscreteMamba2(plain, ParameterBuild(Given(parameters: parameters)).root / "mixer")
  }

  private struct Given: ParameterSource {
    let parameters: ParameterList
    func value(_ request: ParameterRequest) -> Result<Tensor, ParameterFault> {
      .success(parameters[request.name]!.value)
    }
  }

  private func input(_ length: Int, batch: Int = 2) -> Tensor {
    RandomGenerator(seed: 5).normal([batch, length, 24], .float64)
  }

  /// Token by token, with exponentials written out.
  @Test(arguments: [(1, 0), (1, 2), (3, 0), (3, 2), (5, 9), (40, 3), (23, 0), (22, 30)])
  func aTokenSeesTheLastTokensAndTheFirstOnesOnce(_ window: Int, _ sinks: Int) {
    let (length, width) = (23, 4)
    let generator = RandomGenerator(seed: 2)
    let q = generator.normal([1, 1, length, width], .float64)
    let k = generator.normal([1, 1, length, width], .float64)
    let scores = q.matmul(k.transposed()).doubles()
    var expected = [Double](repeating: 0, count: length * length)
    for i in 0..<length {
      let seen = (0...i).filter { $0 > i - window || $0 < sinks }
      let total = seen.reduce(0) { $0 + exp(scores[i * length + $1]) }
      for j in seen { expected[i * length + j] = exp(scores[i * length + j]) / total }
    }
    let wanted = Tensor(expected, shape: [1, 1, length, length])
    let weights = SlidingWindow.weights(q: q, k: k, window: window, sinks: sinks)
    #expect(weights.error(from: wanted) <= 1e-12)
    let values = generator.normal([1, 1, length, 3], .float64)
    let mixed = SlidingWindow.mix(q: q, k: k, values: values, window: window, sinks: sinks)
    #expect(mixed.error(from: wanted.matmul(values)) <= 1e-12)
  }

  @Test func aWindowThatIsOffLeavesTheRecurrentPartToTheBit() {
    let windowSwitch = WindowSwitch()
    let (mixer, parameters) = mixer(windowSwitch)
    let plain = recurrentPart(of: parameters)
    let x = input(40)
    withoutGradients {
      #expect(mixer(x).error(from: plain(x)) > 0.1)
      windowSwitch.with(.off) {
        #expect(mixer(x).isIdentical(to: plain(x)))
        #expect(mixer.matrix(of: x).isIdentical(to: plain.matrix(of: x)))
        let (state, other) = (mixer.emptyState(batch: 2), plain.emptyState(batch: 2))
        for piece in x.split([17, 1, 22], 1) {
          #expect(mixer.advance(piece, state).isIdentical(to: plain.advance(piece, other)))
        }
      }
      #expect(windowSwitch.setting == .on)
    }
  }

  @Test func aSwitchTurnsTheWindowOffForSomeSequencesOfABatch() {
    let windowSwitch = WindowSwitch()
    let (mixer, parameters) = mixer(windowSwitch)
    let plain = recurrentPart(of: parameters)
    let x = input(30, batch: 3)
    withoutGradients {
      let on = mixer(x)
      let mixed = windowSwitch.with(.offFor([true, false, true])) { mixer(x) }
      let matrices = windowSwitch.with(.offFor([true, false, true])) { mixer.matrix(of: x) }
      for row in 0..<3 {
        let expected = row == 1 ? on : plain(x)
        #expect(mixed.selected(0, row).isIdentical(to: expected.selected(0, row)))
        let matrix = row == 1 ? mixer.matrix(of: x) : plain.matrix(of: x)
        #expect(matrices.selected(0, row).isIdentical(to: matrix.selected(0, row)))
      }
    }
  }

  @Test func sequencesWithoutWindowGiveItsParametersNoGradient() {
    let windowSwitch = WindowSwitch()
    let (mixer, parameters) = mixer(windowSwitch)
    let trained = parameters.train { _ in true }.map(\.value)
    func gradients(_ rows: [Bool], _ x: Tensor) -> [Double] {
      windowSwitch.with(.offFor(rows)) {
        let output = mixer(x)
        return output.gradients(of: trained, .ones(output.shape, .float64)).map { $0!.abs().max().item() }
      }
    }
    let window = parameters.all.map { name in WindowAttention.parameterNames.contains { name.name.hasSuffix($0) } }
    #expect(window.filter { $0 }.count == 5)
    for (size, isWindow) in zip(gradients([true, true], input(20)), window) { #expect((size == 0) == isWindow) }
    for size in gradients([true, false], input(20)) { #expect(size > 0) }
  }

  @Test func memoryHoldsWhatTheLastTokenSees() {
    let (mixer, _) = mixer()
    withoutGradients {
      let state = mixer.emptyState(batch: 1) as! SSDState
      let x = input(50, batch: 1)
      let keys = mixer.operands(x, for: .mixing).window!.k
      var position = 0
      for count in [1, 2, 1, 9, 1, 30, 6] {
        _ = mixer.advance(x.narrowed(1, from: position, length: count), state)
        position += count
        let seen = (0..<position).filter { $0 < 3 || $0 >= position - 7 }
        #expect(state.window!.count(at: position) == seen.count)
        for token in seen {
          let row = state.window!.keys.narrowed(2, from: state.window!.row(token), length: 1)
          #expect(row.error(from: keys.narrowed(2, from: token, length: 1)) <= 1e-12)
        }
      }
    }
  }

  @Test func positionsFarAwayAreAsExactAsNearOnes() {
    let rotary = RotaryEmbedding(dimensions: 8, base: 100, positions: .max)
    let generator = RandomGenerator(seed: 3)
    let (q, k) = (generator.normal([1, 1, 5, 8], .float64), generator.normal([1, 1, 5, 8], .float64))
    let near = rotary(q).matmul(rotary(k).transposed())
    for offset in [8_190, 1_000_000, 1 << 30] {
      let far = rotary(q, offset: offset).matmul(rotary(k, offset: offset).transposed())
      #expect(far.error(from: near) <= 1e-6)
    }
  }
}
