import Foundation
import MohawkLayers
import MohawkMixers
import MohawkTensor

/// Retention with RetNet's fixed decays (Sun et al. 2023): y_i = Σ_{j ≤ i} a^(i−j) (q_i · k_j / √width) v_j, where head h forgets
/// with a = 1 − 2^(−5−h). It is SSD whose decays do not depend on the input.
struct Retention: RecurrentMixer {
  let configuration: RetentionGeometry
  let query, key, value, gate, out: Linear
  let norm: RMSNorm

  init(_ configuration: RetentionGeometry, _ scope: ParameterScope) {
    self.configuration = configuration
    let (d, inner) = (configuration.modelDim, configuration.heads * configuration.headDim)
    func projection(_ name: String, _ scope: ParameterScope) -> Linear {
      Linear(in: d, out: inner, bias: false, scope / name)
    }
    let matrix = scope.with(.shapesMatrix)
    (query, key) = (projection("q", matrix), projection("k", matrix))
    (value, gate) = (projection("v", scope), projection("g", scope))
    norm = RMSNorm(configuration.headDim, epsilon: 1e-6, scope / "norm")
    out = Linear(in: inner, out: d, bias: false, scope / "out_proj")
  }

  static let attentionOrigins: [String: AttentionOrigin] = [
    "q.weight": .attentionStart(["q_proj.weight"]), "k.weight": .attentionStart(["k_proj.weight"]),
    "v.weight": .attentionStart(["v_proj.weight"]), "out_proj.weight": .attentionStart(["dense.weight"]),
  ]

  var heads: Int { configuration.heads }

  func operands(_ x: Tensor, for use: OperandUse, after state: LinearState?) -> KeyValueOperands {
    let rates = (0..<heads).map { Float(log(1 - exp2(-5 - Double($0)))) }
    let logDecay =
      Tensor.zeros([x.size(0), x.size(1), heads], wide, on: x.device) + Tensor(rates).to(wide, on: x.device)
    return KeyValueOperands(
      q: split(query(x)) * (1 / Double(configuration.headDim).squareRoot()), k: split(key(x)), v: split(value(x)),
      logDecay: logDecay, dtype: x.dtype)
  }

  private var wide: DType { norm.weight.dtype.wide }
  private func split(_ x: Tensor) -> Tensor { x.reshaped(x.size(0), x.size(1), heads, configuration.headDim) }

  func matrix(_ operands: KeyValueOperands) -> Tensor {
    SSD.matrix(b: operands.k, c: operands.q, logDecay: operands.logDecay)
  }
  func mix(_ operands: KeyValueOperands, memory: Tensor?) -> (y: Tensor, memory: Tensor) {
    let (y, next) = SSD.chunks(
      x: values(operands), b: operands.k, c: operands.q, logDecay: operands.logDecay, chunk: 64, state: memory)
    return (y, next)
  }
  func step(_ operands: KeyValueOperands, memory: Tensor) -> (y: Tensor, memory: Tensor) {
    mix(operands, memory: memory)
  }
  func output(_ mixed: Tensor, _ x: Tensor) -> Tensor {
    let gated = norm(mixed).to(x.dtype) * split(gate(x)).silu()
    return out(gated.reshaped(x.size(0), x.size(1), heads * configuration.headDim))
  }

  func emptyState(batch: Int) -> any MixerState {
    let width = configuration.headDim
    return LinearState(.zeros([batch, heads, width, width], wide, on: norm.weight.device))
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
