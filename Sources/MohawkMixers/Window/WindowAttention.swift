import Foundation
import MohawkLayers
import MohawkTensor

/// A window of softmax attention beside a recurrent mixer: its queries, keys and gate. Values are the mixer's own.
package struct WindowAttention {
  package let configuration: WindowConfiguration
  package let query, key: Linear
  package let queryNorm, keyNorm: RMSNorm?
  /// What sigmoid makes the window's share of each head of: [heads].
  package let gate: Tensor
  let heads: Int
  private let rotary: RotaryEmbedding
  let windowSwitch: WindowSwitch

  /// The window's share of a fresh head is sigmoid of this, 0.9.
  package static let freshGate = 2.2

  init(
    _ configuration: WindowConfiguration, modelDim: Int, heads: Int, _ windowSwitch: WindowSwitch,
    _ scope: ParameterScope
  ) {
    precondition(heads.isMultiple(of: configuration.kvHeads), "\(heads) heads for \(configuration.kvHeads) of keys")
    self.configuration = configuration
    self.heads = heads
    self.windowSwitch = windowSwitch
    let (width, bias) = (configuration.headDim, configuration.bias)
    query = Linear(in: modelDim, out: heads * width, bias: bias, scope / "q_proj")
    key = Linear(in: modelDim, out: configuration.kvHeads * width, bias: bias, scope / "k_proj")
    func headNorm(_ name: String) -> RMSNorm? {
      configuration.headNormEpsilon.map { RMSNorm(width, epsilon: $0, scope / name) }
    }
    queryNorm = headNorm("q_norm")
    keyNorm = headNorm("k_norm")
    gate = scope.parameter("window_gate", [heads], .constant(Self.freshGate))
    rotary = RotaryEmbedding(
      dimensions: configuration.rotaryDim, base: configuration.rotaryBase, scaling: configuration.rotaryScaling,
      positions: .max, on: gate.device)
  }

  /// Names of its parameters.
  static let parameterNames = [
    "q_proj.weight", "q_proj.bias", "k_proj.weight", "k_proj.bias", "q_norm.weight", "k_norm.weight", "window_gate",
  ]

  /// The window's share of each head as the switch is now, for a single sequence.
  package var shares: [Float] {
    let gates = withoutGradients { gate.detached().to(.float32).floats() }
    return gates.map { windowSwitch.setting == .off ? 0 : Float(1 / (1 + exp(-Double($0)))) }
  }

  /// Queries, keys and share of one input.
  struct Operands {
    /// [batch, heads, length, headDim], scaled and rotated.
    let q: Tensor
    /// [batch, kvHeads, length, headDim], rotated.
    let k: Tensor
    /// The window's share of each head, [batch or 1, heads].
    let share: Tensor
  }

  func operands(_ x: Tensor, offset: Int) -> Operands {
    func heads(_ x: Tensor, _ count: Int, _ norm: RMSNorm?) -> Tensor {
      let parts = x.reshaped(x.size(0), x.size(1), count, configuration.headDim)
      return rotary((norm.map { $0(parts).to(x.dtype) } ?? parts).transposed(1, 2), offset: offset)
    }
    var share = gate.sigmoid().unsqueezed(0)
    if let open = windowSwitch.open(batch: x.size(0), gate.dtype, on: gate.device) { share = share * open }
    return Operands(
      q: heads(query(x), self.heads, queryNorm) * configuration.resolvedScale,
      k: heads(key(x), configuration.kvHeads, keyNorm), share: share)
  }

  private var group: Int { heads / configuration.kvHeads }

  /// g · W + (1 − g) · R, [batch, heads, length, length].
  func matrix(_ operands: Operands, beside recurrent: Tensor) -> Tensor {
    let weights = SlidingWindow.weights(
      q: operands.q, k: operands.k.repeatedEach(group, 1), window: configuration.tokens, sinks: configuration.sinks)
    let share = operands.share.to(recurrent.dtype).unsqueezed(-1).unsqueezed(-1)
    return weights * share + recurrent * (1 - share)
  }

  /// The same applied to values [batch, length, heads, width], where the recurrent part gives `recurrent`.
  func mix(_ operands: Operands, values: Tensor, beside recurrent: Tensor) -> Tensor {
    join(mix(operands, values.transposed(1, 2), position: 0, past: nil), recurrent, operands)
  }

  private func mix(_ operands: Operands, _ values: Tensor, position: Int, past: SlidingWindow.Past?) -> Tensor {
    SlidingWindow.mix(
      q: operands.q, k: operands.k.repeatedEach(group, 1), values: values, window: configuration.tokens,
      sinks: configuration.sinks, position: position, past: past)
  }

  private func join(_ mixed: Tensor, _ recurrent: Tensor, _ operands: Operands) -> Tensor {
    let share = operands.share.to(recurrent.dtype).unsqueezed(1).unsqueezed(-1)
    return mixed.transposed(1, 2) * share + recurrent * (1 - share)
  }

  /// The same for the next tokens after `position` others; the memory takes them in.
  func advance(
    _ operands: Operands, values: Tensor, beside recurrent: Tensor, _ memory: WindowState, position: Int
  ) -> Tensor {
    let columns = values.transposed(1, 2)
    let length = columns.size(2)
    if length > 1 {
      let past = position > 0 ? memory.past(at: position, group: group, operands.q.dtype) : nil
      let mixed = mix(operands, columns, position: position, past: past)
      memory.remember(keys: operands.k, values: columns, at: position)
      return join(mixed, recurrent, operands)
    }
    memory.remember(keys: operands.k, values: columns, at: position)
    func seen(_ buffer: Tensor) -> Tensor {
      buffer.narrowed(2, from: 0, length: memory.count(at: position + 1)).to(operands.q.dtype)
    }
    let weights = operands.q.matmul(seen(memory.keys).repeatedEach(group, 1).transposed()).softmax(-1)
    return join(weights.matmul(seen(memory.values)), recurrent, operands)
  }

  /// The memory before the first token, for values of this width.
  func emptyMemory(batch: Int, width: Int) -> WindowState {
    let wide = gate.dtype.wide
    func buffer(_ heads: Int, _ width: Int) -> Tensor {
      .zeros([batch, heads, configuration.rows, width], wide, on: gate.device)
    }
    return WindowState(
      keys: buffer(configuration.kvHeads, configuration.headDim), values: buffer(heads, width),
      tokens: configuration.tokens, sinks: configuration.sinks)
  }
}
