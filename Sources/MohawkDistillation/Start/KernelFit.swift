import Foundation

/// What a head starts as whose mixer has other terms than Discrete-Mamba-2: decays apart for constant and scores, or a
/// convolution of the values in place of the skip.
///
/// Its matrix is (α aᵤⁱ⁻ʲ + β q·k/√d aₛⁱ⁻ʲ) T + δ I below and on the diagonal, with T the convolution of the values.
struct KernelFit: Equatable {
  /// aᵤ and aₛ: what is left after one step of the constant's part and of the scores'.
  var uniformDecay, contentDecay: Double
  /// α, β and δ.
  var uniform, content, skip: Double
  /// Of the convolution: the current token's first, the largest 1.
  var taps: [Double]
  /// ‖fitted context − context‖ / ‖context‖; a head that puts out nothing has 1.
  var error: Double

  /// The same in the words of reports.
  var head: HeadFit {
    HeadFit(decay: contentDecay, uniform: uniform, content: content, skip: skip, error: error)
  }

  /// The terms that a mixer has.
  struct Terms {
    /// Whether constant and scores decay alike.
    var sharesDecay: Bool
    /// Whether there is δ.
    var hasSkip: Bool
  }

  /// How often α, β and the taps are solved for in turns.
  private static let rounds = 8

  /// The best kernel: all decays are tried; for each, α and β follow from the taps and the taps from them by least
  /// squares in turns, which is exact where there is one tap.
  static func best(_ features: KernelFeatures, _ terms: Terms, ridge: Double = ContextFit.ridge) -> KernelFit {
    let indices = features.decays.indices
    let square = features.equations.square
    var best: (fit: KernelFit, residual: Double)?
    for uniform in indices {
      for content in terms.sharesDecay ? uniform..<uniform + 1 : indices {
        let places = features.places(uniform: uniform, content: content)
        let equations = features.equations.selecting(terms.hasSkip ? places : places.dropLast())
        let (weights, taps, residual) = solve(equations, taps: features.taps, hasSkip: terms.hasSkip, ridge: ridge)
        if let best, best.residual <= residual { continue }
        let fit = KernelFit(
          uniformDecay: features.decays[uniform], contentDecay: features.decays[content], uniform: weights[0],
          content: weights[1], skip: terms.hasSkip ? weights[2] : 0, taps: taps,
          error: square > 0 ? (residual / square).squareRoot() : 0)
        best = (fit, residual)
      }
    }
    return best!.fit
  }

  private static func solve(
    _ equations: NormalEquations, taps count: Int, hasSkip: Bool, ridge: Double
  ) -> (weights: [Double], taps: [Double], residual: Double) {
    let skip = hasSkip ? [(0..<equations.count).map { $0 == 2 * count ? 1.0 : 0 }] : []
    func column(_ uniform: [Double], _ content: [Double]) -> [Double] { uniform + content + (hasSkip ? [0] : []) }
    let nothing = [Double](repeating: 0, count: count)
    var taps = nothing
    taps[0] = 1
    var (weights, residual) = equations.combined([column(taps, nothing), column(nothing, taps)] + skip)
      .solved(ridge: ridge)
    for _ in 0..<(count > 1 ? rounds : 0) {
      let columns = (0..<count).map { tap in
        let unit = (0..<count).map { $0 == tap ? 1.0 : 0 }
        return column(unit.map { $0 * weights[0] }, unit.map { $0 * weights[1] })
      }
      taps = Array(equations.combined(columns + skip).solved(ridge: ridge).weights.prefix(count))
      let largest = taps.map(\.magnitude).max() ?? 0
      guard largest > 0 else { break }
      taps = taps.map { $0 / largest }
      (weights, residual) = equations.combined([column(taps, nothing), column(nothing, taps)] + skip)
        .solved(ridge: ridge)
    }
    return (weights, taps, residual)
  }
}

extension ContextTargets {
  /// The best kernel of every head.
  func kernels(_ terms: KernelFit.Terms, taps: Int = 1) -> [KernelFit] {
    let scores = scores()
    return (0..<values.size(1)).map { head in
      KernelFit.best(
        KernelFeatures(
          context: context.selected(1, head), values: values.selected(1, head), scores: scores.selected(1, head),
          taps: taps), terms)
    }
  }
}
