import MohawkLayers
import MohawkTensor

/// The MLP of a block: fc2(act(fc1(x))), or, gated, down(act(gate(x)) ⊙ up(x)).
package struct FeedForward {
  package enum Kind {
    case plain(fc1: Linear, fc2: Linear)
    case gated(gate: Linear, up: Linear, down: Linear)
  }

  package let kind: Kind
  package let activation: Activation

  init(_ mlp: DecoderConfiguration.MLP, _ modelDim: Int, depth: Int, _ scope: ParameterScope) {
    activation = mlp.activation
    let spread = Initial.normal(1 / (Double(mlp.width).squareRoot() * Double(2 * depth).squareRoot()))
    func wide(_ name: String) -> Linear { Linear(in: modelDim, out: mlp.width, bias: mlp.bias, scope / name) }
    func narrow(_ name: String) -> Linear {
      Linear(in: mlp.width, out: modelDim, bias: mlp.bias, initial: spread, scope / name)
    }
    kind =
      mlp.isGated
      ? .gated(gate: wide("gate"), up: wide("up"), down: narrow("down")) : .plain(fc1: wide("fc1"), fc2: narrow("fc2"))
  }

  func callAsFunction(_ x: Tensor) -> Tensor {
    switch kind {
    case .plain(let fc1, let fc2):
      activation.inProjection.map { fc2(fc1(x), after: $0) } ?? fc2(activation(fc1(x)))
    case .gated(let gate, let up, let down):
      activation.inProjection.map { down(gate(x), after: $0, times: up(x)) } ?? down(activation(gate(x)) * up(x))
    }
  }
}
