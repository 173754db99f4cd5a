/// What one training step cannot do without, by arithmetic: matrix products, exponentials, and the optimiser's bytes.
struct StepFloor {
  /// Floating-point operations of matrix products; causal halves count once, nothing is computed twice.
  var products = 0.0
  /// Exponentials of scores, gates and logits.
  var exponentials = 0.0
  /// Bytes that the optimiser reads and writes.
  var bytes = 0.0

  /// What the machine does in a second, measured beside the steps.
  struct Rates {
    var products, exponentials, bytes: Double
  }

  func seconds(_ rates: Rates) -> Double {
    products / rates.products + exponentials / rates.exponentials + bytes / rates.bytes
  }

  /// - Parameters:
  ///   - stage: 1, 2 or 3.
  ///   - size: of models and sequences.
  ///   - rows: sequences.
  ///   - moving: how many numbers the optimiser moves.
  init(stage: Int, _ size: Preset, rows: Int, moving: Int) {
    let (tokens, length, d) = (Double(rows * size.length), Double(size.length), Double(size.modelDim))
    let (heads, state, vocabulary) = (Double(size.heads), Double(size.stateDim), Double(size.vocabulary))
    let layers = Double(size.layers)
    let pairs = tokens * length / 2 * heads  // query and key, per layer
    let mlp = 2 * tokens * 8 * d * d
    // The teacher's layers; in stages 1 and 2 nobody needs what leaves the last one.
    products += layers * (2 * tokens * 4 * d * d + 4 * pairs * d / heads + mlp)
    exponentials += layers * (pairs + tokens * 4 * d)
    if stage < 3 {
      products -= mlp
      exponentials -= tokens * 4 * d
    }
    let bc = 2 * tokens * 2 * heads * state * d  // B and C of all heads, and the decays
    let decays = 2 * tokens * heads * d
    let square = 2 * tokens * d * d
    let scan = tokens * heads * (64 * (state + d / heads) + 4 * state * d / heads)  // in chunks of 64
    switch stage {
    case 1:
      products -= 2 * square + 2 * pairs * d / heads  // the last layer's values and output
      products += layers * (2 * (bc + decays) + 3 * 2 * pairs * state)
      exponentials += layers * pairs
    case 2:
      products += layers * (2 * (bc + decays + 3 * square) + square + 3 * scan)
      exponentials += layers * 2 * tokens * d
    default:
      products += layers * 3 * (bc + decays + 3 * square + mlp + scan)
      products += 4 * 2 * tokens * vocabulary * d
      exponentials += layers * 2 * tokens * 5 * d + 2 * tokens * vocabulary
    }
    bytes = Double(moving) * 32  // gradient twice; value and two moments read and written
  }
}
