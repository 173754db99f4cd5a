import MohawkDistillation
import MohawkReports

extension DistillationRun {
  /// Training sequences that the start is fitted on.
  private static let calibrationSequences = 2

  /// Fits the student's mixers to what attention makes of the first training sequences, and says what came out.
  func startFromContext(_ pair: DistillationPair, _ data: RunData) throws {
    let first = recipe.data.skip
    let batch = data.batch(samples: first..<first + Self.calibrationSequences)
    let clock = ContinuousClock.now
    let fits = try ContextStart.run(pair, batch.narrowed(1, from: 0, length: batch.size(1) - 1))
    let seconds = (ContinuousClock.now - clock) / .seconds(1)
    settings.notice(
      "mixers fitted to the context of attention in \(Number.short(seconds)) s (error: 1 is a mixer that puts out nothing)"
    )
    for (layer, heads) in fits.enumerated() {
      guard let heads else { continue }
      func span(_ value: (HeadFit) -> Double) -> String {
        let sorted = heads.map(value).sorted()
        return [sorted[0], sorted[sorted.count / 2], sorted[sorted.count - 1]].map(Number.short).joined(separator: " ")
      }
      settings.notice(
        "layer \(layer): error \(span(\.error)), half-life \(span(\.halfLife)) tokens, α \(span(\.uniform)), β \(span(\.content)), δ \(span(\.skip)) (least, median, most)"
      )
    }
  }
}
