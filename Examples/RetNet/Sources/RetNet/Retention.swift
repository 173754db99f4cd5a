import Foundation
import MohawkLayers
import MohawkMixers
import MohawkTensor

/// Retention with RetNet's fixed decays (Sun et al. 2023): y_i = Σ_{j ≤ i} a^(i−j) (q_i · k_j / √width) v_j, where head h forgets
/// with a = 1 − 2^(−5−h). It is SSD whose decays do not depend on the input.
struct Retention: SequenceMixer {
  let configuration: RetentionGeometry
  let query, key, value, gate, out: Linear
  let norm: RMSNorm

  init(_ configuration: RetentionGeometry, _ scope: ParameterScope) {
    self.configuration = configuration
    let (d, inner) = (configuration.modelDim, configuration.heads * configuration.headDim)
    func projection(_ name: String) -> Linear { Linear(in: d, out: inner, bias: false, scope / name) }
    (query, key, value, gate) = (projection("q"), projection("k"), projection("v"), projection("g"))
    norm = RMSNorm(configuration.headDim, epsilon: 1e-6, scope / "norm")
    out = Linear(in: inner, out: d, bias: false, scope / "out_proj")
  }

  static let attentionOrigins: [String: AttentionOrigin] = [
    "q.weight": .attentionStart(["q_proj.weight"]), "k.weight": .attentionStart(["k_proj.weight"]),
    "v.weight": .attentionStart(["v_proj.weight"]), "out_proj.weight": .attentionStart(["dense.weight"]),
  ]
  static func matrixDependsOn(_ name: String) -> Bool { name.hasSuffix(".q.weight") || name.hasSuffix(".k.weight") }

  var heads: Int { configuration.heads }
  typealias Operands = (q: Tensor, k: Tensor, v: Tensor, logDecay: Tensor)

  func operands(_ x: Tensor, for use: OperandUse) -> Operands {
    let wide: DType = x.dtype == .float64 ? .float64 : .float32
    let rates = (0..<heads).map { Float(log(1 - exp2(-5 - Double($0)))) }
    let logDecay =
      Tensor.zeros([x.size(0), x.size(1), heads], wide, on: x.device) + Tensor(rates).to(wide, on: x.device)
    return (
      split(query(x)) * (1 / Double(configuration.headDim).squareRoot()), split(key(x)), split(value(x)), logDecay
    )
  }

  private func split(_ x: Tensor) -> Tensor { x.reshaped(x.size(0), x.size(1), heads, configuration.headDim) }

  func values(_ operands: Operands) -> Tensor { operands.v }
  func matrix(_ operands: Operands) -> Tensor {
    SSD.matrix(b: operands.k, c: operands.q, logDecay: operands.logDecay)
  }
  func mix(_ operands: Operands) -> Tensor { mix(operands, after: nil).y }
  private func mix(_ operands: Operands, after state: Tensor?) -> (y: Tensor, state: Tensor) {
    SSD.chunks(x: operands.v, b: operands.k, c: operands.q, logDecay: operands.logDecay, chunk: 64, state: state)
  }
  func output(_ mixed: Tensor, _ x: Tensor) -> Tensor {
    let gated = norm(mixed).to(x.dtype) * split(gate(x)).silu()
    return out(gated.reshaped(x.size(0), x.size(1), heads * configuration.headDim))
  }

  func emptyState(batch: Int) -> any MixerState {
    let (width, wide) = (configuration.headDim, norm.weight.dtype == .float64 ? DType.float64 : .float32)
    return LinearState(.zeros([batch, heads, width, width], wide, on: norm.weight.device))
  }
  func advance(_ x: Tensor, _ state: any MixerState) -> Tensor {
    let state = state as! LinearState
    let (y, memory) = mix(operands(x, for: .mixing), after: state.memory)
    (state.memory, state.position) = (memory, state.position + x.size(1))
    return output(y, x)
  }
}

struct RetentionGeometry: MixerGeometry, Codable {
  var modelDim, heads, headDim: Int

  static let kind = MixerKind(rawValue: "retention")
  static let title = "Retention"
  var facts: [(name: String, value: String)] { [(Self.title, "\(heads) heads of \(headDim)")] }
  func mixer(_ place: MixerPlace, _ scope: ParameterScope) -> Retention { Retention(self, scope) }
  static func student(_ request: StudentMixerRequest) throws -> Self {
    try request.require(of: title, window: false, block: false, headDim: false)
    return Self(modelDim: request.modelDim, heads: request.attention.heads, headDim: request.attention.headDim)
  }
}
