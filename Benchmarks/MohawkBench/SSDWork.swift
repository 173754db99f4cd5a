import Foundation
import MohawkMixers
import MohawkTensor

/// The state-space operation alone, forward and backward, at the geometry of a preset's mixer.
struct SSDWork {
  /// x, b, c and the log-decay, which gradients are wanted of; then the gradient by y.
  let operands: [Tensor]
  /// How often a turn runs it, as many times as the peer: a processor that has just been idle is slow for milliseconds.
  static let perTurn = 5
  static let names = ["x", "b", "c", "log_decay", "y_gradient"]

  /// Drawn operands: decays as at the start of training, b and c so that y is about as large as x.
  init(_ size: Preset, rows: Int, dtype: DType) {
    let random = RandomGenerator(seed: 5)
    let shape = [rows, size.length, size.heads]
    let headDim = size.modelDim / size.heads
    func drawn(_ width: Int, _ factor: Double) -> Tensor {
      (random.normal(shape + [width]) * factor).to(dtype)
    }
    let narrow = 1 / Double(size.stateDim).squareRoot()
    operands = [
      drawn(headDim, 1), drawn(size.stateDim, narrow), drawn(size.stateDim, narrow),
      -random.normal(shape).softplus(), drawn(headDim, 1),
    ]
    for operand in operands[..<4] { operand.requiresGradient = true }
  }

  var numbers: Int { operands.reduce(0) { $0 + $1.count } }
  var mebibytes: Double { Double(operands.reduce(0) { $0 + $1.byteCount }) / 1_048_576 }

  /// y, and the gradients of the first four operands.
  func run() -> (y: Tensor, gradients: [Tensor]) {
    let (y, _) = SSD.chunks(x: operands[0], b: operands[1], c: operands[2], logDecay: operands[3], chunk: 64)
    return (y, y.gradients(of: Array(operands[..<4]), operands[4]).map { $0! })
  }

  /// Writes the operands and what comes of them.
  func export(to path: String) throws {
    let (y, gradients) = run()
    var tensors = zip(Self.names, operands).map { ($0, $1.detached()) }
    tensors.append(("y", y.detached()))
    tensors += zip(Self.names, gradients).map { ("gradient.\($0)", $1.copy()) }
    try Safetensors.write(tensors, to: path)
  }
}

/// What the operation cannot do without: its matrix products in chunks of 64, whose halves count once, or its bytes.
/// Products can hide bytes, so that the larger of both counts.
struct SSDFloor {
  var products, bytes: Double

  init(_ size: Preset, rows: Int, elementBytes: Int) {
    let places = Double(rows * size.length * size.heads)
    let (state, headDim) = (Double(size.stateDim), Double(size.modelDim / size.heads))
    products = 3 * places * (64 * (state + headDim) + 4 * state * headDim)
    // Operands in, y out; operands and y's gradient in, their gradients out.
    let (forward, backward) = ((headDim + 2 * state) + headDim, 2 * (headDim + 2 * state) + headDim)
    bytes = places * ((forward + backward) * Double(elementBytes) + 3 * 4)
  }

  func seconds(_ rates: StepFloor.Rates) -> Double { max(products / rates.products, bytes / rates.bytes) }
}
