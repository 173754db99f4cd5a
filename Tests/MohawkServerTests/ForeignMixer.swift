import MohawkFiles
import MohawkLayers
import MohawkMixers
import MohawkTensor

/// A mixer that the library does not know: every head remembers what tokens say, each as much as it asks for, and forgets
/// at a rate of its own. It has no native steps, no GGUF form and no Python code.
struct ForeignMixer: CausalMixer {
  let configuration: ForeignGeometry
  let rates: Tensor
  let asked, value, out: Linear

  init(_ configuration: ForeignGeometry, depth: Int, _ scope: ParameterScope) {
    self.configuration = configuration
    let (d, inner) = (configuration.modelDim, configuration.heads * configuration.headDim)
    rates = scope.with(.setsDecays).parameter("rates", [configuration.heads], .uniform(1))
    asked = Linear(in: d, out: configuration.heads, bias: false, scope.with(.shapesMatrix) / "asked")
    value = Linear(in: d, out: inner, bias: false, scope / "value")
    out = Linear(in: inner, out: d, bias: false, initial: .uniform(0.1 / Double(depth)), scope / "out_proj")
  }

  static let attentionOrigins: [String: AttentionOrigin] = [
    "value.weight": .attentionStart(["v_proj.weight"]), "out_proj.weight": .attentionStart(["dense.weight"]),
  ]

  var heads: Int { configuration.heads }

  struct Operands {
    /// [batch, length, heads], and [batch, length, heads, headDim].
    let asked, values: Tensor
  }

  func operands(_ x: Tensor, for use: OperandUse) -> Operands {
    Operands(
      asked: asked(x).sigmoid(),
      values: value(x).reshaped(x.size(0), x.size(1), configuration.heads, configuration.headDim))
  }

  func values(_ operands: Operands) -> Tensor { operands.values }

  /// log of what one step leaves, [heads].
  private var logDecay: Tensor { -rates.to(.float32).softplus() }

  func matrix(_ operands: Operands) -> Tensor {
    let asked = operands.asked.to(.float32).transposed(1, 2)
    let ones = Tensor.ones([asked.size(0), asked.size(2), heads, 1], .float32)
    let decays = asked.transposed(1, 2) * 0 + logDecay
    return (SSD.matrix(b: ones, c: ones, logDecay: decays) * asked.unsqueezed(-2)).to(operands.values.dtype)
  }

  func mix(_ operands: Operands) -> Tensor {
    matrix(operands).matmul(operands.values.transposed(1, 2)).transposed(1, 2)
  }

  func output(_ mixed: Tensor, _ x: Tensor) -> Tensor {
    out(mixed.reshaped(x.size(0), x.size(1), configuration.heads * configuration.headDim))
  }

  func emptyState(batch: Int) -> any MixerState {
    ForeignState(.zeros([batch, configuration.heads, configuration.headDim], .float32, on: rates.device))
  }

  func advance(_ x: Tensor, _ state: any MixerState) -> Tensor {
    let state = state as! ForeignState
    let operands = operands(x, for: .mixing)
    let rows = (0..<x.size(1)).map { t in
      let input = operands.values.selected(1, t) * operands.asked.selected(1, t).unsqueezed(-1)
      state.memory = state.memory * logDecay.exp().unsqueezed(-1) + input.to(.float32)
      return state.memory.to(x.dtype)
    }
    state.position += x.size(1)
    return output(.stacked(rows, 1), x)
  }
}

struct ForeignGeometry: MixerGeometry, Codable {
  var modelDim, heads, headDim: Int

  static let kind = MixerKind(rawValue: "foreign-mean")
  static let title = "Foreign mean"
  var facts: [(name: String, value: String)] { [(Self.title, "\(heads) heads of \(headDim)")] }
  var unsupportedFeature: String? { heads * headDim > 0 ? nil : "a mixer without heads" }

  func mixer(_ place: MixerPlace, _ scope: ParameterScope) -> ForeignMixer {
    ForeignMixer(self, depth: place.depth, scope)
  }

  static func student(_ request: StudentMixerRequest) throws -> Self {
    try request.require(of: title, window: false, block: false, headDim: false)
    let attention = request.attention
    return Self(modelDim: request.modelDim, heads: attention.heads, headDim: attention.headDim)
  }
}

final class ForeignState: MixerState {
  var memory: Tensor
  var position = 0

  init(_ memory: Tensor) { self.memory = memory }

  var byteCount: Int { memory.byteCount }
  var tensors: [(name: String, tensor: Tensor)] { [("memory", memory)] }
  func restore(_ tensors: [Tensor], position: Int) { (memory, self.position) = (tensors[0], position) }

  func copy(by copy: (Tensor) -> Tensor) -> any MixerState {
    let other = ForeignState(copy(memory))
    other.position = position
    return other
  }
}
