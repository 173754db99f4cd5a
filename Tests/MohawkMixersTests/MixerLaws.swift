import MohawkLayers
import MohawkMixers
import MohawkTensor
import PretendDeviceSupport
import Testing

/// What every sequence mixer promises, one that looks both ways too.
enum MixerLaw: String, CaseIterable, CustomTestStringConvertible {
  case definition = "mix equals matrix times values"
  case singlePrecision = "mix equals matrix times values in fp32 and bf16"
  case request = "the matrix is finite, and the same whatever else is asked for"
  case independence = "sequences of a batch do not meet"
  case gradients = "both forms have the same gradients"
  case extremes = "gradients stay finite under long decay and sharp attention"

  var testDescription: String { rawValue }
}

/// Checks of the laws on one mixer.
enum MixerLaws {
  /// Around the chunk sizes, and long.
  static let lengths = [1, 2, 63, 64, 65, 100, 1000]

  /// Noise.
  static func input(
    _ length: Int, _ modelDim: Int, batch: Int = 2, seed: UInt64 = 1, _ dtype: DType = .float64
  ) -> Tensor {
    RandomGenerator(seed: seed + 1000 * UInt64(length)).normal([batch, length, modelDim], .float64).to(
      dtype, on: TestDevice.current)
  }

  /// Checks one law.
  /// - Parameters:
  ///   - build: makes the mixer with its parameters in a type.
  static func check(_ law: MixerLaw, modelDim: Int, _ build: (DType) -> (any SequenceMixer, ParameterList)) {
    let (mixer, parameters) = build(.float64)
    let subject = MixerLawSubject(mixer: mixer, parameters: parameters, modelDim: modelDim)
    switch law {
    case .definition: for length in lengths { subject.mixIsMatrixTimesValues(length) }
    case .singlePrecision:
      let (mixer, parameters) = build(.float32)
      let single = MixerLawSubject(mixer: mixer, parameters: parameters, modelDim: modelDim)
      for length in lengths {
        for dtype in [DType.float32, .bfloat16] { single.mixIsMatrixTimesValues(length, dtype) }
      }
    case .request: for length in [1, 2, 65] { subject.matrixIsTheSame(length) }
    case .independence: subject.sequencesDoNotMeet(65)
    case .gradients: for length in lengths where length <= 100 { subject.formsHaveEqualGradients(length) }
    case .extremes: subject.gradientsStayFinite(1000)
    }
  }
}

/// One mixer under test.
struct MixerLawSubject {
  let mixer: any SequenceMixer
  let parameters: ParameterList
  let modelDim: Int

  func input(_ length: Int, batch: Int = 2, _ dtype: DType = .float64) -> Tensor {
    MixerLaws.input(length, modelDim, batch: batch, dtype)
  }

  /// Matrix times values, [batch, length, heads, headDim].
  private func product<Mixer: SequenceMixer>(_ mixer: Mixer, _ operands: Mixer.Operands) -> Tensor {
    mixer.matrix(operands).matmul(mixer.values(operands).transposed(1, 2)).transposed(1, 2)
  }

  // Each form from x alone: mixed values by computation and by definition.
  private func mixed(_ mixer: some SequenceMixer, _ x: Tensor) -> Tensor {
    mixer.mix(mixer.operands(x, for: .mixing))
  }
  private func defined(_ mixer: some SequenceMixer, _ x: Tensor) -> Tensor {
    product(mixer, mixer.operands(x, for: .mixing))
  }

  func mixIsMatrixTimesValues(_ length: Int, _ dtype: DType = .float64) {
    withoutGradients {
      let x = input(length, dtype)
      let mixed = mixed(mixer, x)
      #expect(mixed.shape[..<3] == [2, length, mixer.heads] && mixed.dtype == dtype)
      let error = mixed.error(from: defined(mixer, x))
      // Cumulative log-decays near -1000 are rounded by 6e-5 in fp32, and the matrix takes differences of them.
      let tolerance = dtype == .float32 && length > 256 ? 3e-5 : dtype.tolerance
      #expect(error <= tolerance, "length \(length), \(dtype)")
      let output = mixer(x)
      #expect(output.shape == x.shape && output.isIdentical(to: mixer.output(mixed, x)))
    }
  }

  func matrixIsTheSame(_ length: Int) {
    withoutGradients {
      let x = input(length)
      let matrix = mixer.matrix(of: x)
      #expect(matrix.shape == [2, mixer.heads, length, length] && matrix.isAllFinite)
      #expect(matrix.isIdentical(to: matrixForMixing(mixer, x)), "the matrix depends on what else is asked for")
    }
  }
  private func matrixForMixing(_ mixer: some SequenceMixer, _ x: Tensor) -> Tensor {
    mixer.matrix(mixer.operands(x, for: .mixing))
  }

  func sequencesDoNotMeet(_ length: Int) {
    withoutGradients {
      let x = input(length, batch: 3)
      let together = mixer(x)
      let matrices = mixer.matrix(of: x)
      for row in 0..<3 {
        let own = x.narrowed(0, from: row, length: 1)
        #expect(together.narrowed(0, from: row, length: 1).error(from: mixer(own)) <= 1e-12)
        #expect(matrices.narrowed(0, from: row, length: 1).error(from: mixer.matrix(of: own)) <= 1e-12)
      }
      x.selected(0, 1).multiplyInPlace(7)
      let changed = mixer(x)
      for row in [0, 2] { #expect(changed.selected(0, row).isIdentical(to: together.selected(0, row))) }
    }
  }

  func formsHaveEqualGradients(_ length: Int) {
    let leaf = input(length).leaf()
    let trained = parameters.train { _ in true }.map(\.value) + [leaf]
    let mixed = mixed(mixer, leaf)
    let cotangent = RandomGenerator(seed: 9, on: TestDevice.current).normal(mixed.shape, .float64)
    let fast = mixed.gradients(of: trained, cotangent)
    let slow = defined(mixer, leaf).gradients(of: trained, cotangent)
    // Some gradients are 0 by cancellation: those of a softmax over one token, or by a bias of all keys.
    let scale = slow.map { $0?.rms ?? 0 }.max()! * 1e-2
    for (index, name) in (parameters.all.map(\.name) + ["input"]).enumerated() {
      guard let fast = fast[index], let slow = slow[index] else {
        #expect(fast[index] == nil && slow[index] == nil, "only one form depends on \(name)")
        continue
      }
      #expect(fast.error(from: slow, scale: scale) <= 1e-12, "gradient by \(name) at length \(length)")
    }
    // Everything that a layer holds has a part in its output.
    let output = mixer(leaf)
    let whole = output.gradients(
      of: trained, RandomGenerator(seed: 10, on: TestDevice.current).normal(output.shape, .float64))
    for (index, gradient) in whole.enumerated() {
      let name = index < parameters.all.count ? parameters.all[index].name : "input"
      #expect(gradient?.isAllFinite == true, "gradient of the output by \(name)")
    }
    parameters.train { _ in false }
  }

  func gradientsStayFinite(_ length: Int) {
    for scale in [30.0, 1000] {
      let leaf = (input(length, batch: 1) * scale).leaf()
      let trained = parameters.train { _ in true }.map(\.value) + [leaf]
      for (form, value) in [("mix", mixed(mixer, leaf)), ("matrix", mixer.matrix(of: leaf))] {
        #expect(value.isAllFinite, "\(form)")
        for gradient in value.gradients(of: trained, .ones(value.shape, .float64)) {
          #expect(gradient?.isAllFinite != false, "gradient of \(form) at \(scale) times the input")
        }
      }
    }
    parameters.train { _ in false }
  }
}
