import Foundation
import MohawkFiles
import MohawkLayers
import MohawkTensor
import MohawkTraining
import Testing

@Suite struct AdamWTests {
  /// AdamW on one number, as in the paper, with the bias corrections written out.
  struct Oracle {
    var value: Double
    var first = 0.0
    var second = 0.0
    mutating func update(_ gradient: Double, step: Int, rate: Double, decay: Double, _ settings: AdamW.Settings) {
      value -= rate * decay * value
      first = settings.beta1 * first + (1 - settings.beta1) * gradient
      second = settings.beta2 * second + (1 - settings.beta2) * gradient * gradient
      let meanFirst = first / (1 - pow(settings.beta1, Double(step)))
      let meanSecond = second / (1 - pow(settings.beta2, Double(step)))
      value -= rate * meanFirst / (sqrt(meanSecond) + settings.epsilon)
    }
  }

  let settings = AdamW.Settings(beta1: 0.8, beta2: 0.9, epsilon: 1e-3, weightDecay: 0.3)
  let start = [1.0, -2, 0.5, 3]

  func gradient(_ step: Int, _ index: Int) -> Double { sin(Double(3 * step + index)) * pow(10, Double(index - 2)) }

  @Test func eachParameterMovesAtItsOwnRate() {
    func parameters() -> [Parameter] {
      ["a", "b", "c"].map { Parameter(name: $0, value: Tensor(start).copy(), decays: true) }
    }
    let rates = [0.25, 1, 0.25]
    let mixed = parameters()
    let optimizer = AdamW(mixed, settings, rates: rates)
    let alone = parameters()
    let optimizers = alone.map { AdamW([$0], settings) }
    for step in 1...4 {
      let gradients = mixed.indices.map { p in Tensor(start.indices.map { gradient(step + 10 * p, $0) }) }
      optimizer.update(gradients: gradients, learningRate: 0.1)
      for p in alone.indices { optimizers[p].update(gradients: [gradients[p]], learningRate: 0.1 * rates[p]) }
    }
    for p in mixed.indices { #expect(mixed[p].value.doubles() == alone[p].value.doubles()) }
  }

  @Test func aParameterMovesInItsUnit() {
    func parameter(_ name: String, _ values: [Double], unit: Double = 1) -> Parameter {
      let parameter = Parameter(name: name, value: Tensor(values).copy(), decays: true)
      parameter.unit = unit
      return parameter
    }
    let unit = 1 / 64.0
    let scaled = [parameter("a", start.map { $0 * unit }, unit: unit), parameter("b", start)]
    let plain = [parameter("a", start), parameter("b", start)]
    let optimizers = [AdamW(scaled, settings), AdamW(plain, settings)]
    for step in 1...4 {
      let gradients = scaled.indices.map { p in Tensor(start.indices.map { gradient(step + 10 * p, $0) }) }
      // The gradient to value = unit · number is that to the number, divided by the unit.
      let theirs = [gradients[0] / unit, gradients[1]]
      optimizers[0].update(gradients: theirs, learningRate: 0.1, gradientScale: 0.5)
      optimizers[1].update(gradients: gradients, learningRate: 0.1, gradientScale: 0.5)
    }
    #expect((scaled[0].value / unit).doubles() == plain[0].value.doubles())
    #expect(scaled[1].value.doubles() == plain[1].value.doubles())
  }

  @Test(arguments: [(DType.float64, 1e-12), (.float32, 1e-5)])
  func bothGroupsFollowThePaper(_ dtype: DType, _ tolerance: Double) {
    func parameter(_ name: String, decays: Bool) -> Parameter {
      Parameter(name: name, value: Tensor(start).to(dtype).copy(), decays: decays)
    }
    // Interleaved, so that a group must find its own gradients.
    let parameters = [
      parameter("a", decays: true), parameter("b", decays: false), parameter("c", decays: true),
    ]
    let optimizer = AdamW(parameters, settings)
    var oracles = parameters.map { _ in start.map { Oracle(value: $0) } }
    for step in 1...7 {
      let rate = 0.1 / Double(step)
      let gradients = parameters.indices.map { p in
        Tensor(start.indices.map { gradient(step + 10 * p, $0) }).to(dtype)
      }
      optimizer.update(gradients: gradients, learningRate: rate)
      for p in parameters.indices {
        for i in start.indices {
          let decay = parameters[p].decays ? settings.weightDecay : 0
          oracles[p][i].update(gradient(step + 10 * p, i), step: step, rate: rate, decay: decay, settings)
        }
      }
    }
    #expect(optimizer.step == 7)
    for p in parameters.indices {
      for (found, expected) in zip(parameters[p].value.doubles(), oracles[p]) {
        #expect(abs(found - expected.value) < tolerance, "\(parameters[p].name)")
      }
    }
  }

  @Test func clippingKeepsTheDirectionAndLeavesSmallGradientsAlone() {
    #expect(GradientClip.scale(norm: 5, limit: 0) == 1)
    #expect(GradientClip.scale(norm: 5, limit: 20) == 1)
    #expect(GradientClip.scale(norm: 5, limit: 2.5) == 0.5)
    #expect(GradientClip.scale(norm: .nan, limit: 1) == 1 && GradientClip.scale(norm: .infinity, limit: 1) == 1)
    func moved(_ gradient: [Double], scale: Double) -> [Double] {
      let parameter = Parameter(name: "w", value: Tensor(start), decays: true)
      let optimizer = AdamW([parameter], settings)
      optimizer.update(gradients: [Tensor(gradient)], learningRate: 0.1, gradientScale: scale)
      return parameter.value.doubles()
    }
    #expect(moved([4, -2, 8, 16], scale: 0.25) == moved([1, -0.5, 2, 4], scale: 1))
    #expect(moved([4, -2, 8, 16], scale: 0.25) != moved([4, -2, 8, 16], scale: 1))
  }
}
