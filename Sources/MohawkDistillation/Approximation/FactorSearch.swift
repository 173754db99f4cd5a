import Foundation
import MohawkMixers
import MohawkTensor

/// Gradient descent for the factors of causal low-rank and SSD matrices, all matrices side by side: Adam moves every
/// number by its own gradients, so that no matrix disturbs another.
struct FactorSearch {
  /// Where the decays of SSD begin: a half-life of 14 tokens.
  private static let firstDecay = 3.0
  private static let (beta1, beta2, epsilon) = (0.9, 0.99, 1e-12)

  /// The matrices that were found: [count, length, length].
  let found: Tensor

  /// - Parameters:
  ///   - lower: lower triangles, [count, length, length].
  ///   - order: columns of the factors.
  ///   - decays: whether there are decays; without, they are 1.
  ///   - search: how long and from where.
  init(_ lower: Tensor, order: Int, decays: Bool, _ search: MatrixApproximation.Search) {
    let (count, length) = (lower.size(0), lower.size(1))
    let norms = lower.square().sum(over: 1, 2).sqrt().reshaped(count, 1, 1)
    // Matrices of norm √length, as those of softmax are at most; zero matrices stay.
    let scale = norms.clamped(min: 1e-30) * (1 / Double(length).squareRoot())
    let target = lower / scale
    let random = RandomGenerator(seed: search.seed)
    let spread = 1 / (Double(order).squareRoot() * Double(length)).squareRoot()
    func drawn() -> Tensor { random.normal([count, length, 1, order], lower.dtype) * spread }
    var factors = [drawn(), drawn()]
    if decays { factors.append(.full([count, length, 1], Self.firstDecay, lower.dtype)) }
    factors.forEach { $0.requiresGradient = true }
    func made() -> Tensor {
      // log sigmoid(x) = −softplus(−x)
      let logDecay = decays ? -(-factors[2]).softplus() : .zeros([count, length, 1], lower.dtype)
      return SSD.matrix(b: factors[0], c: factors[1], logDecay: logDecay).squeezed(1)
    }
    var moments = factors.map { (Tensor.zeros($0.shape, $0.dtype), Tensor.zeros($0.shape, $0.dtype)) }
    for step in 1...max(1, search.steps) {
      let gradients = (made() - target).square().sum().gradients(of: factors)
      let rate = search.rate / 2 * (1 + cos(.pi * Double(step - 1) / Double(search.steps)))
      withoutGradients {
        for (index, gradient) in gradients.enumerated() {
          guard let gradient else { continue }
          moments[index].0 = moments[index].0 * Self.beta1 + gradient * (1 - Self.beta1)
          moments[index].1 = moments[index].1 * Self.beta2 + gradient.square() * (1 - Self.beta2)
          let first = moments[index].0 / (1 - pow(Self.beta1, Double(step)))
          let second = moments[index].1 / (1 - pow(Self.beta2, Double(step)))
          factors[index].addInPlace(first / (second.sqrt() + Self.epsilon), scale: -rate)
        }
      }
    }
    found = withoutGradients { made() * scale }
  }
}
