import Foundation
import MohawkLayers
import MohawkTensor
import Testing

@testable import MohawkMixers

/// Single heads of Discrete-Mamba-2 that keep attention.
@Suite struct KeptHeadTests {
  private static let kept = [0, 3]

  private static func shape(kvHeads: Int = 2, window: Bool) -> DiscreteMamba2Configuration {
    let attention = AttentionConfiguration(
      modelDim: 24, heads: 4, kvHeads: kvHeads, headDim: 8, rotaryDim: 6, rotaryBase: 50, maxLength: 512, bias: true)
    return DiscreteMamba2Configuration(
      modelDim: 24, qkHeads: 4, vHeads: 4, stateDim: 5, chunk: 16,
      window: window ? WindowConfiguration(tokens: 5, sinks: 2, like: attention) : nil,
      kept: KeptHeads(of: attention, heads: kept))
  }

  private func mixer(
    _ shape: DiscreteMamba2Configuration, _ windowSwitch: WindowSwitch? = nil
  ) -> (mixer: DiscreteMamba2, parameters: ParameterList) {
    let build = ParameterBuild(DrawnParameters(RandomGenerator(seed: 1), .float64))
    let mixer = DiscreteMamba2(shape, windowSwitch: windowSwitch, build.root / "mixer")
    let noise = RandomGenerator(seed: 2)
    withoutGradients {
      for parameter in build.parameters.all {
        parameter.value.addInPlace(noise.normal(parameter.value.shape, .float64), scale: 0.3)
      }
    }
    return (mixer, build.parameters)
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

  /// What a layer puts out, head by head and token by token: the kept heads by the definition of softmax attention with
  /// rotary positions, the others by the same mixer without kept heads.
  private func oracle(_ mixer: DiscreteMamba2, _ parameters: ParameterList, _ x: Tensor) -> Tensor {
    var plain = mixer.configuration
    let attention = plain.kept!.attention
    plain.kept = nil
    let others = DiscreteMamba2(plain, ParameterBuild(Given(parameters: parameters)).root / "mixer")
    let operands = others.operands(x, for: .mixing)
    let (mixed, values) = (others.mix(operands), others.values(operands))
    func parameter(_ name: String) -> Tensor { parameters["mixer.kept." + name]!.value }
    /// [batch, length, 8], rotated.
    func rows(_ name: String, _ index: Int) -> Tensor {
      let (weight, bias) = (parameter(name + ".weight"), parameter(name + ".bias"))
      let y =
        x.matmul(weight.narrowed(0, from: 8 * index, length: 8).transposed())
        + bias.narrowed(0, from: 8 * index, length: 8)
      let tokens = (0..<x.size(1)).map { position in
        let token = y.narrowed(1, from: position, length: 1)
        let angles = (0..<3).map { Double(position) * pow(50, -Double($0) / 3) }
        let (cosines, sines) = (Tensor(angles.map(cos)), Tensor(angles.map(sin)))
        let parts = token.split([3, 3, 2])
        return Tensor.concatenated(
          [parts[0] * cosines - parts[1] * sines, parts[1] * cosines + parts[0] * sines, parts[2]], -1)
      }
      return .concatenated(tokens, 1)
    }
    let groups = attention.kvHeads == 4 ? Self.kept : [0, 1]
    let heads = (0..<4).map { head -> Tensor in
      guard let place = Self.kept.firstIndex(of: head) else { return mixed.narrowed(2, from: head, length: 1) }
      let group = groups.firstIndex(of: head * attention.kvHeads / 4)!
      let (q, k) = (rows("q_proj", place), rows("k_proj", group))
      let v = values.selected(2, head)
      let tokens = (0..<x.size(1)).map { token -> Tensor in
        let past = k.narrowed(1, from: 0, length: token + 1)
        let scores = q.narrowed(1, from: token, length: 1).matmul(past.transposed()) * (1 / 8.0.squareRoot())
        let weights = scores.exp() / scores.exp().sum(over: -1, keep: true)
        return weights.matmul(v.narrowed(1, from: 0, length: token + 1))
      }
      return Tensor.concatenated(tokens, 1).unsqueezed(2)
    }
    return mixer.output(.concatenated(heads, 2), x)
  }

  @Test(arguments: [(2, false), (4, false), (2, true)])
  func keptHeadsAreSoftmaxAttentionAndTheOthersStayWhatTheyAre(_ kvHeads: Int, _ hasWindow: Bool) {
    let (mixer, parameters) = mixer(Self.shape(kvHeads: kvHeads, window: hasWindow))
    #expect(mixer.keptHeads == Self.kept)
    let leaf = input(19).leaf()
    let trained = parameters.train { _ in true }.map(\.value) + [leaf]
    let (output, wanted) = (mixer(leaf), oracle(mixer, parameters, leaf))
    #expect(output.error(from: wanted) < 1e-12)
    let cotangent = RandomGenerator(seed: 9).normal(output.shape, .float64)
    let (fast, slow) = (output.gradients(of: trained, cotangent), wanted.gradients(of: trained, cotangent))
    for (index, name) in (parameters.all.map(\.name) + ["input"]).enumerated() {
      // A bias of all keys changes nothing where positions do not turn it; that gradient is 0 but for rounding.
      #expect(fast[index]!.error(from: slow[index]!, scale: 1e-2) < 1e-11, "\(name)")
    }
    #expect(fast[fast.count - 1]!.rms > 1e-3)
  }

  @Test func theWindowsSwitchLeavesKeptHeadsAsTheyAre() {
    let windowSwitch = WindowSwitch()
    let (mixer, _) = mixer(Self.shape(window: true), windowSwitch)
    withoutGradients {
      let x = input(19)
      func mixed(_ setting: WindowSwitch.Setting) -> Tensor {
        windowSwitch.with(setting) { mixer.mix(mixer.operands(x, for: .mixing)) }
      }
      let on = mixed(.on)
      for setting in [WindowSwitch.Setting.off, .offFor([true, false])] {
        let off = mixed(setting)
        for head in 0..<4 {
          let (one, other) = (on.selected(2, head).selected(0, 0), off.selected(2, head).selected(0, 0))
          if Self.kept.contains(head) {
            #expect(one.isIdentical(to: other), "head \(head)")
          } else {
            #expect(one.error(from: other) > 1e-3, "head \(head)")
          }
        }
      }
    }
  }

  @Test func aLayerThatKeepsNoHeadHasNothingOfIt() {
    var shape = Self.shape(window: false)
    shape.kept = nil
    let (mixer, parameters) = mixer(shape)
    #expect(mixer.keptHeads.isEmpty && !parameters.all.contains { $0.name.contains("kept") })
    let state = mixer.emptyState(batch: 1)
    _ = withoutGradients { mixer.advance(input(9, batch: 1), state) }
    #expect(state.tensors.map(\.name) == ["memory", "x_past", "bc_past"])
  }

  @Test(arguments: [2, 4]) func aTokenAddsTheKeysOfTheirGroupsAndTheirOwnValues(_ kvHeads: Int) {
    let (mixer, parameters) = mixer(Self.shape(kvHeads: kvHeads, window: true))
    #expect(parameters["mixer.kept.q_proj.weight"]?.value.shape == [16, 24])
    // Heads 0 and 3 have each a group of their own, of two or of four.
    #expect(parameters["mixer.kept.k_proj.weight"]?.value.shape == [16, 24])
    withoutGradients {
      let state = mixer.emptyState(batch: 1)
      _ = mixer.advance(input(11, batch: 1), state)
      let shapes = Dictionary(uniqueKeysWithValues: zip(state.tensors.map(\.name), state.shapes(at: 30)))
      #expect(shapes["kept_keys"] == [1, 2, 30, 8] && shapes["kept_values"] == [1, 2, 30, 6])
      #expect(shapes["window_keys"] == [1, kvHeads, 7, 8])
      let before = state.byteCount
      _ = mixer.advance(input(300, batch: 1), state)
      // Room doubles, so that it is from one to two times what is in use.
      #expect(state.byteCount - before >= (311 - 64) * 2 * (8 + 6) * 8)
      #expect(state.byteCount - before <= 2 * 311 * 2 * (8 + 6) * 8)
    }
  }

  @Test func aStateThatWasStoredGoesOnAsIfItHadNotBeen() {
    let (mixer, _) = mixer(Self.shape(window: true))
    withoutGradients {
      let x = input(23)
      let state = mixer.emptyState(batch: 2)
      _ = mixer.advance(x.narrowed(1, from: 0, length: 14), state)
      let other = mixer.emptyState(batch: 2)
      _ = mixer.advance(x.narrowed(1, from: 0, length: 1), other)
      #expect(other.tensors.count == 7)
      #expect(other.shapes(at: 14) == state.tensors.map { $0.tensor.shape })
      other.restore(state.tensors.map { $0.tensor.copy() }, position: 14)
      let rest = x.narrowed(1, from: 14, length: 9)
      #expect(mixer.advance(rest, other).isIdentical(to: mixer.advance(rest, state)))
      #expect(other.position == 23)
    }
  }
}
