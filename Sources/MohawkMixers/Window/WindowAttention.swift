import Foundation
import MohawkLayers
import MohawkTensor

/// A window of softmax attention beside a recurrent mixer: its queries, keys and gate. Values are the mixer's own.
package struct WindowAttention {
  private let softmax: WindowSoftmax
  /// What sigmoid makes the window's share of each head of: [heads].
  package let gate: Tensor
  let windowSwitch: WindowSwitch

  /// The window's share of a fresh head is sigmoid of this, 0.9.
  package static let freshGate = 2.2

  init(
    _ configuration: WindowConfiguration, modelDim: Int, heads: Int, _ windowSwitch: WindowSwitch,
    _ scope: ParameterScope
  ) {
    self.windowSwitch = windowSwitch
    softmax = WindowSoftmax(configuration, modelDim: modelDim, heads: heads, scope)
    gate = scope.parameter("window_gate", [heads], .constant(Self.freshGate))
  }

  package var configuration: WindowConfiguration { softmax.configuration }
  package var query: Linear { softmax.query }
  package var key: Linear { softmax.key }
  package var queryNorm: RMSNorm? { softmax.queryNorm }
  package var keyNorm: RMSNorm? { softmax.keyNorm }
  var heads: Int { softmax.heads }

  /// Names of its parameters.
  static let parameterNames = WindowSoftmax.parameterNames + ["window_gate"]

  /// The window's share of each head as the switch is now, for a single sequence.
  package var shares: [Float] {
    let gates = withoutGradients { gate.detached().to(.float32).floats() }
    return gates.map { windowSwitch.setting == .off ? 0 : Float(1 / (1 + exp(-Double($0)))) }
  }

  /// Queries, keys and share of one input.
  struct Operands {
    fileprivate let softmax: WindowSoftmax.Operands
    /// The window's share of each head, [batch or 1, heads].
    let share: Tensor

    /// [batch, heads, length, headDim], scaled and rotated.
    var q: Tensor { softmax.q }
    /// [batch, kvHeads, length, headDim], rotated.
    var k: Tensor { softmax.k }
  }

  func operands(_ x: Tensor, offset: Int) -> Operands {
    var share = gate.sigmoid().unsqueezed(0)
    if let open = windowSwitch.open(batch: x.size(0), gate.dtype, on: gate.device) { share = share * open }
    return Operands(softmax: softmax.operands(x, offset: offset), share: share)
  }

  /// g · W + (1 − g) · R, [batch, heads, length, length].
  func matrix(_ operands: Operands, beside recurrent: Tensor) -> Tensor {
    let share = operands.share.to(recurrent.dtype).unsqueezed(-1).unsqueezed(-1)
    return softmax.matrix(operands.softmax) * share + recurrent * (1 - share)
  }

  /// The same applied to values [batch, length, heads, width], where the recurrent part gives `recurrent`.
  func mix(_ operands: Operands, values: Tensor, beside recurrent: Tensor) -> Tensor {
    join(softmax.mix(operands.softmax, values.transposed(1, 2)), recurrent, operands)
  }

  private func join(_ mixed: Tensor, _ recurrent: Tensor, _ operands: Operands) -> Tensor {
    let share = operands.share.to(recurrent.dtype).unsqueezed(1).unsqueezed(-1)
    return mixed.transposed(1, 2) * share + recurrent * (1 - share)
  }

  /// The same for the next tokens after `position` others; the memory takes them in.
  func advance(
    _ operands: Operands, values: Tensor, beside recurrent: Tensor, _ memory: WindowState, position: Int
  ) -> Tensor {
    let mixed = softmax.advance(operands.softmax, values.transposed(1, 2), memory, position: position)
    return join(mixed, recurrent, operands)
  }

  /// The memory before the first token, for values of this width.
  func emptyMemory(batch: Int, width: Int) -> WindowState {
    softmax.emptyMemory(batch: batch, valueHeads: heads, width: width)
  }
}
