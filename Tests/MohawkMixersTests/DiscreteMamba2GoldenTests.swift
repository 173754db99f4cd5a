import MohawkLayers
import MohawkTensor
import Testing

@testable import MohawkMixers

/// Discrete-Mamba-2 against an independent implementation in Python.
@Suite struct DiscreteMamba2GoldenTests {
  static let cases = ["equal", "grouped", "decays"]
  static let types = [DType.float64, .float32]

  @Test(arguments: cases, types)
  func outputAndMatrixAreTheReferences(_ name: String, _ dtype: DType) throws {
    for chunk in [1, 4, 8, 64] {
      let golden = try GoldenMixer(name, dtype, chunk: chunk)
      let x = try golden.input()
      #expect(try golden.mixer(x).error(from: golden.golden("output")) <= dtype.tolerance, "chunks of \(chunk)")
    }
    let golden = try GoldenMixer(name, dtype)
    #expect(try golden.mixer.matrix(of: golden.input()).error(from: golden.golden("matrix")) <= dtype.tolerance)
  }

  @Test(arguments: cases)
  func whatHappensInsideIsTheReferences(_ name: String) throws {
    let golden = try GoldenMixer(name, .float64)
    let operands = golden.mixer.operands(try golden.input(), for: .mixing)
    // These goldens are rounded to fp32.
    #expect(try operands.x!.error(from: golden.shared("inside.x")) <= 1e-7)
    #expect(try operands.bAndC.b.error(from: golden.shared("inside.B")) <= 1e-7)
    #expect(try operands.bAndC.c.error(from: golden.shared("inside.C")) <= 1e-7)
    #expect(try operands.logDecay.error(from: golden.shared("inside.log_decay")) <= 1e-7)
    #expect(try golden.mixer.mix(operands).error(from: golden.shared("inside.y")) <= 1e-7)
    // Decays next to 1 keep their digits also by head.
    for head in 0..<4 {
      let expected = try golden.shared("inside.log_decay").selected(2, head)
      #expect(operands.logDecay.selected(2, head).error(from: expected) <= 1e-7, "head \(head)")
    }
  }

  @Test(arguments: cases, types)
  func statesAreTheReferencesHoweverTheTokensCome(_ name: String, _ dtype: DType) throws {
    let golden = try GoldenMixer(name, dtype)
    let x = try golden.input()
    for pieces in [[7, 12], [1, 6, 12], [6, 1, 11, 1], Array(repeating: 1, count: 19)] {
      let state = golden.mixer.emptyState(batch: 2) as! DiscreteMamba2State
      var outputs: [Tensor] = []
      for piece in x.split(pieces, 1) {
        outputs.append(golden.mixer.advance(piece, state))
        if state.position == 7 {
          #expect(try state.memory.error(from: golden.golden("prefix_state")) <= dtype.tolerance, "\(pieces)")
        }
      }
      #expect(try state.memory.error(from: golden.golden("final_state")) <= dtype.tolerance, "\(pieces)")
      #expect(try Tensor.concatenated(outputs, 1).error(from: golden.golden("output")) <= dtype.tolerance, "\(pieces)")
      // The reference keeps four inputs of the convolution, of which the next token needs the last three.
      let past = Tensor.concatenated([state.xPast, state.bcPast], 2).transposed(1, 2)
      let expected = try GoldenMixer.file.tensor("\(name).f64.convolution_state").narrowed(2, from: 1, length: 3)
      #expect(past.error(from: expected) <= dtype.tolerance, "\(pieces)")
    }
  }

  @Test(arguments: cases, types)
  func gradientsAreTheReferences(_ name: String, _ dtype: DType) throws {
    let golden = try GoldenMixer(name, dtype)
    let input = try golden.input().leaf()
    let leaves = golden.parameters.train { _ in true }.map(\.value) + [input]
    for (of, result) in [("output", golden.mixer(input)), ("matrix", golden.mixer.matrix(of: input))] {
      if of == "matrix", dtype == .float32 { continue }  // the file has these in fp64 only
      let cotangent = try GoldenMixer.file.tensor("cotangent." + of).to(dtype)
      let gradients = result.gradients(of: leaves, cotangent)
      var found = golden.gathered(gradients.dropLast())
      found["input"] = gradients.last!
      var compared = 0
      for key in ["in_proj.weight", "z_bias", "conv1d.weight", "conv1d.bias", "D", "out_proj.weight", "input"] {
        guard golden.has("grad_of_\(of).\(key)") else {
          #expect(found[key] == nil, "\(of) does not depend on \(key)")
          continue
        }
        let expected = try golden.golden("grad_of_\(of).\(key)")
        #expect(try #require(found[key]).error(from: expected) <= 2 * dtype.tolerance, "\(of) by \(key)")
        compared += 1
      }
      #expect(compared == (of == "output" ? 7 : 5))
    }
  }

  @Test func aFreshMixerStartsOpenAndPlain() throws {
    let shape = DiscreteMamba2Configuration(modelDim: 32, qkHeads: 2, vHeads: 4, stateDim: 8)
    func fresh(depth: Int) -> ParameterList {
      let build = ParameterBuild(DrawnParameters(RandomGenerator(seed: 3)))
      _ = DiscreteMamba2(shape, depth: depth, build.root / "mixer")
      return build.parameters
    }
    let parameters = fresh(depth: 1)
    func value(_ name: String) -> Tensor { parameters["mixer." + name]!.value }

    for (part, channels) in [("x", 32), ("bc", 32)] {
      let taps = value("conv1d.\(part).weight")
      #expect(taps.shape == [channels, 1, 4])
      #expect(taps.floats() == (0..<channels).flatMap { _ in [0, 0, 0, 1] as [Float] })
      #expect(value("conv1d.\(part).bias").floats().allSatisfy { $0 == 0 })
    }
    #expect(value("in_proj.z").shape == [32, 32] && value("in_proj.z").floats().allSatisfy { $0 == 0 })
    #expect(value("z_bias").to(.float64).silu().doubles().allSatisfy { abs($0 - 1) < 1e-6 })
    #expect(value("D").floats() == [1, 1, 1, 1])
    // The same draw, divided by the root of the number of layers.
    let deep = fresh(depth: 24)
    for parameter in parameters.all {
      let ratio = parameter.name == "mixer.out_proj.weight" ? 1 / 24.0.squareRoot() : 1
      #expect(deep[parameter.name]!.value.error(from: parameter.value * ratio) <= 1e-6, "\(parameter.name)")
    }
    for name in ["in_proj.x", "in_proj.bc", "in_proj.a_log", "out_proj.weight"] {
      let bound = 1 / 32.0.squareRoot()
      #expect(value(name).abs().max().item() <= bound && value(name).rms > bound / 2, "\(name)")
    }
    let decaying = Set(parameters.all.filter(\.decays).map(\.name))
    #expect(decaying.isDisjoint(with: ["mixer.z_bias", "mixer.D", "mixer.conv1d.x.bias", "mixer.conv1d.bc.bias"]))
    #expect(decaying.isSuperset(of: ["mixer.in_proj.x", "mixer.in_proj.bc", "mixer.in_proj.z", "mixer.in_proj.a_log"]))
  }

  @Test func aFreshMixerPassesItsValuesThroughWhenTheyDoNotMix() throws {
    // With B = C = 0 only D x is left, and identity taps and an open gate do not change x.
    let build = ParameterBuild(DrawnParameters(RandomGenerator(seed: 4), .float64))
    let shape = DiscreteMamba2Configuration(modelDim: 12, qkHeads: 3, vHeads: 3, stateDim: 2)
    let mixer = DiscreteMamba2(shape, build.root / "mixer")
    build.parameters["mixer.in_proj.bc"]!.value.fill(0)
    let x = RandomGenerator(seed: 5).normal([2, 9, 12], .float64)
    let weights = build.parameters["mixer.out_proj.weight"]!.value.matmul(build.parameters["mixer.in_proj.x"]!.value)
    #expect(mixer(x).error(from: x.linear(weights)) <= 1e-11)
  }
}
