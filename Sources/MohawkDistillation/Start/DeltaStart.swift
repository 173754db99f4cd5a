import Foundation
import MohawkLayers
import MohawkMixers
import MohawkTensor

/// How a mixer of the delta rule starts from the context.
///
/// Its queries and keys pass SiLU and are divided by their lengths, to whose squares an epsilon is added. Where they are
/// far shorter than its root both are products by constants, and what the delta rule takes away under a key is next to
/// nothing: the mixer is linear attention with decay. Longer keys bring the rule in. So a few lengths of keys are tried, and the
/// one that imitates the context best is kept. In place of a skip stand the taps of the values' convolution.
struct DeltaStart {
  /// The root of what is added to the squares of lengths.
  private static let shortest = 1e-3
  /// Lengths of keys, in units of it: next to no delta rule, a little, half of the longest keys.
  private static let lengths = [1 / 64.0, 0.25, 1]
  /// What SiLU gets, and the norm over the root of its epsilon: root mean squares at most.
  private static let small = 1 / 64.0

  /// What every head starts as.
  let kernels: [KernelFit]
  /// The rows of its projections.
  let weights: ContextWeights
  private let targets: ContextTargets

  /// - Parameters:
  ///   - attention: the teacher's.
  ///   - input: what enters it, [batch, length, modelDim].
  ///   - terms: what the mixer's kernel has.
  ///   - stateDim: width of queries and keys.
  ///   - parameters: the mixer's.
  init(
    _ attention: Attention, _ input: Tensor, _ terms: KernelFit.Terms, stateDim: Int, _ parameters: MixerParameters
  ) {
    targets = ContextTargets(attention, input, dimensions: stateDim - 1)
    kernels = targets.kernels(terms, taps: parameters["conv1d.v.weight"].size(2))
    weights = ContextWeights(
      attention, input, fit: ContextFit(heads: targets.heads(), fits: kernels.map(\.head)), stateDim: stateDim,
      drawn: .concatenated([parameters["in_proj.k"], parameters["in_proj.q"]], 0))
  }

  /// The channel of each head's state that carries the constant.
  var constantChannel: Int { targets.heads().key.size(1) }

  /// Sets projections, convolutions and the norm; decays, write strengths and gate must stand already.
  /// - Parameters:
  ///   - mixer: what starts.
  ///   - input: what enters it.
  ///   - gate: what the mixer's gate multiplies by.
  ///   - epsilon: of the norm before the output projection.
  ///   - parameters: the mixer's.
  func run(
    _ mixer: some SequenceMixer, _ input: Tensor, gate: Double, epsilon: Double, _ parameters: MixerParameters
  ) -> StartedHeads {
    let (keys, queries) = weights.unbiasedRows
    parameters["in_proj.q"].assign(queries)
    parameters["in_proj.k"].assign(keys)
    parameters["in_proj.v"].assign(weights.unbiasedX)
    parameters["out_proj.weight"].assign(weights.out)
    let heads = mixer.heads
    let mixedContext = MixedContext(input, context: targets.context, like: parameters["out_proj.weight"])

    // SiLU halves what is small.
    var queryTap = Self.power(2 * Self.small * Self.shortest / lengths(queries, heads).reduce(0, max))
    let keyLengths = lengths(keys, heads)
    let valueTap = Self.power(Self.small / weights.largest(weights.unbiasedX, nil, parts: heads))
    let (q, k, v) = (parameters["conv1d.q.weight"], parameters["conv1d.k.weight"], parameters["conv1d.v.weight"])
    set(q, lag: 0, [Double](repeating: queryTap, count: heads))

    var best: [(taps: [Double], error: Double, key: Double)?] = Array(repeating: nil, count: heads)
    for length in Self.lengths {
      let keyTaps = keyLengths.map { Self.power(2 * length * Self.shortest / $0) }
      set(k, lag: 0, keyTaps)
      let features = (0..<v.size(2)).map { lag in
        set(v, lag: lag, [Double](repeating: valueTap, count: heads))
        return mixedContext.mixed(mixer)
      }
      for (head, fit) in mixedContext.fit(features).enumerated() {
        if let other = best[head], other.error <= fit.error { continue }
        best[head] = (fit.weights, fit.error, keyTaps[head])
      }
    }
    let found = best.map { $0! }
    set(k, lag: 0, found.map(\.key))
    // All heads put out the context over this number, which the norm gives back.
    var scale = found.flatMap(\.taps).map(\.magnitude).reduce(Double.leastNormalMagnitude, max)
    for lag in 0..<v.size(2) { set(v, lag: lag, found.map { valueTap * $0.taps[lag] / scale }, adding: lag > 0) }
    let root = epsilon.squareRoot()
    let excess = mixedContext.size / scale / (Self.small * root)
    if excess > 1 {
      let less = exp2(-log2(excess).rounded(.up))
      queryTap *= less
      scale /= less
      set(q, lag: 0, [Double](repeating: queryTap, count: heads))
    }
    parameters["norm.weight"].fill(scale * root / gate)
    let fits = zip(kernels, found).map { kernel, found in
      var fit = kernel.head
      fit.error = found.error
      return fit
    }
    return StartedHeads(
      fits: fits,
      units: [
        ("conv1d.q.weight", queryTap), ("conv1d.k.weight", found.map(\.key).min()!), ("conv1d.v.weight", valueTap),
        ("norm.weight", exp2(log2(scale * root / gate).rounded())),
      ])
  }

  /// The root of the mean square of each head's length.
  private func lengths(_ rows: Tensor, _ heads: Int) -> [Double] {
    let values = weights.input.matmul(rows.transposed())
    return values.square().mean(over: 0, 1).reshaped(heads, -1).sum(over: 1).doubles().map {
      max($0.squareRoot(), Double.leastNormalMagnitude)
    }
  }

  /// Lets the tokens at a distance through, each head's channels times its number; other taps become 0 or stay.
  private func set(_ taps: Tensor, lag: Int, _ factors: [Double], adding: Bool = false) {
    let perHead = taps.size(0) / factors.count
    if !adding { taps.fill(0) }
    let rows = Tensor(factors).repeatedEach(perHead, 0).unsqueezed(1)
    taps.selected(-1, taps.size(-1) - 1 - lag).assign(rows)
  }

  /// The largest power of 2 that is no larger, 1 at most; it rounds nothing.
  private static func power(_ size: Double) -> Double { min(1, exp2(log2(size).rounded(.down))) }
}
