import MohawkTensor
import Testing

@testable import MohawkLayers

@Suite struct CausalConvolutionTests {
  private let random = RandomGenerator(seed: 1)

  private func layer(_ channels: Int, width: Int, _ dtype: DType = .float64) -> CausalConvolution {
    let build = ParameterBuild(DrawnParameters(random, dtype))
    let layer = CausalConvolution(channels, width: width, build.root)
    for parameter in build.parameters.all { parameter.value.addInPlace(random.normal(parameter.value.shape, dtype)) }
    build.parameters.train { _ in true }
    return layer
  }

  /// libtorch's own convolution of [batch, length, channels] after `width - 1` earlier inputs.
  private func reference(_ layer: CausalConvolution, _ x: Tensor, past: Tensor) -> Tensor {
    let input = Tensor.concatenated([past, x], 1).transposed(1, 2)
    return input.depthwiseConvolution(layer.weight, layer.bias).transposed(1, 2)
  }

  @Test(arguments: [2, 4, 5], [1, 2, 3, 9])
  func valuesAndGradientsAreThoseOfLibtorch(_ width: Int, _ length: Int) {
    let layer = layer(6, width: width)
    for hasPast in [false, true] {
      let x = random.normal([2, length, 6], .float64).leaf()
      let past = hasPast ? random.normal([2, width - 1, 6], .float64) : layer.emptyPast(batch: 2)
      let inputs = [x, layer.weight, layer.bias!, past.leaf()]
      let ours = hasPast ? layer(x, past: inputs[3]) : layer(x)
      let theirs = reference(layer, x, past: inputs[3])
      #expect(ours.error(from: theirs) <= 1e-14)
      let cotangent = random.normal(ours.shape, .float64)
      let (mine, expected) = (ours.gradients(of: inputs, cotangent), theirs.gradients(of: inputs, cotangent))
      for index in 0..<(hasPast ? 4 : 3) { #expect(mine[index]!.error(from: expected[index]!) <= 1e-14) }
    }
  }

  @Test func rememberingGivesTheInputsThatTheNextCallNeeds() {
    let layer = layer(3, width: 4)
    let x = random.normal([2, 10, 3], .float64)
    let whole = layer(x)
    for pieces in [[10], [1, 9], [2, 2, 6], [3, 1, 1, 5], Array(repeating: 1, count: 10)] {
      var past = layer.emptyPast(batch: 2)
      var outputs: [Tensor] = []
      for piece in x.split(pieces, 1) {
        outputs.append(layer(piece, past: past))
        past = layer.remember(piece, past: past)
      }
      #expect(Tensor.concatenated(outputs, 1).error(from: whole) <= 1e-15, "\(pieces)")
      #expect(past.isIdentical(to: x.narrowed(1, from: 7, length: 3)), "\(pieces)")
    }
  }

  @Test(arguments: [1, 2, 3, 50])
  func whatIsRememberedSharesNothingWithTheInput(_ length: Int) {
    let layer = layer(3, width: 4)
    let x = random.normal([1, length, 3], .float64)
    let past = random.normal([1, 3, 3], .float64)
    let remembered = layer.remember(x, past: past)
    let before = remembered.doubles()
    x.fill(0)
    past.fill(0)
    #expect(remembered.doubles() == before)
  }

  @Test func freshTapsChangeNothing() {
    let build = ParameterBuild(DrawnParameters(random))
    let layer = CausalConvolution(5, width: 4, build.root)
    let x = random.normal([2, 7, 5])
    #expect(layer(x).isIdentical(to: x))
  }

  @Test func halfPrecisionInputIsFilteredInTheWeightsType() {
    let layer = layer(4, width: 4, .float32)
    let x = random.normal([2, 9, 4]).to(.bfloat16)
    let result = layer(x)
    #expect(result.dtype == .bfloat16 && result.isIdentical(to: layer(x.to(.float32)).to(.bfloat16)))
    #expect(layer.remember(x, past: layer.emptyPast(batch: 2)).dtype == .float32)
  }

  @Test func siluAndTheMissingBiasAreThoseOfThePlainLayer() {
    let plain = layer(4, width: 4)
    plain.bias!.requiresGradient = false
    plain.bias!.fill(0)
    let build = ParameterBuild(DrawnParameters(random, .float64))
    let active = CausalConvolution(4, width: 4, bias: false, silu: true, build.root)
    #expect(build.parameters.all.map(\.name) == ["weight"] && active.bias == nil)
    active.weight.assign(plain.weight.detached())
    let x = random.normal([2, 9, 4], .float64)
    #expect(active(x).error(from: plain(x).silu()) <= 1e-15)
  }

  @Test(arguments: [2, 4, 64], [true, false])
  func theKernelHasTheResultsAndGradientsOfThePlainForm(_ width: Int, _ silu: Bool) {
    for (dtype, weights, tolerance) in [
      (DType.float64, DType.float64, 1e-14), (.float32, .float32, 2e-6), (.bfloat16, .float32, 8e-3),
    ] {
      for (length, channels) in [(1, 1), (2, 4), (33, 130), (70, 17)] {
        let build = ParameterBuild(DrawnParameters(random, .float64))
        let exact = CausalConvolution(channels, width: width, silu: silu, build.root)
        for parameter in build.parameters.all {
          parameter.value.addInPlace(random.normal(parameter.value.shape).to(.float64))
        }
        let x = random.normal([2, length, channels + 3]).to(dtype)
        let past = random.normal([2, width - 1, channels])
        let cotangent = random.normal([2, length, channels]).to(dtype)
        /// Results and gradients by x, past, weight and bias; x is a slice of a wider tensor.
        func run(_ x: Tensor, _ w: DType, _ form: (Tensor, Tensor, Tensor, Tensor) -> Tensor) -> [Tensor] {
          let inputs = [x.leaf(), past.leaf(w), exact.weight.leaf(w), exact.bias!.leaf(w)]
          let y = form(inputs[0].narrowed(2, from: 2, length: channels), inputs[1], inputs[2], inputs[3])
          return [y.detached()] + y.gradients(of: inputs, cotangent.to(y.dtype)).map { $0! }
        }
        let fast = run(x, weights) { $0.causalConvolution($2, $3, past: $1, silu: silu) }
        let slow = run(x.to(.float64), .float64) { x, past, weight, bias in
          let input = Tensor.concatenated([past, x], 1).transposed(1, 2)
          let y = input.depthwiseConvolution(weight, bias).transposed(1, 2)
          return silu ? y.silu() : y
        }
        #expect(fast[0].dtype == dtype)
        for (mine, expected) in zip(fast, slow) {
          #expect(mine.error(from: expected) <= tolerance, "\(dtype), \(length) × \(channels)")
        }
      }
    }
  }

  @Test func anEmptySequenceHasAnEmptyResultAndNoGradient() {
    let layer = layer(5, width: 4)
    let past = random.normal([2, 3, 5], .float64).leaf()
    let y = layer(.zeros([2, 0, 5], .float64), past: past)
    #expect(y.shape == [2, 0, 5])
    let gradients = y.sum().gradients(of: [layer.weight, past])
    for gradient in gradients { #expect(gradient!.rms == 0) }
  }
}
