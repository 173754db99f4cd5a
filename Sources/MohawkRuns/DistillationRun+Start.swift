import MohawkDistillation
import MohawkRecipes
import MohawkReports

extension DistillationRun {
  /// Training sequences that the start is fitted on.
  private static let calibrationSequences = 4

  /// Fits the student's mixers to what attention makes of the first training sequences, and says what came out.
  func startFromText(_ pair: DistillationPair, _ data: RunData, _ start: StudentRecipe.Start) throws {
    let first = recipe.data.skip
    let batch = data.batch(samples: first..<first + Self.calibrationSequences)
    let clock = ContinuousClock.now
    let ids = batch.narrowed(1, from: 0, length: batch.size(1) - 1)
    let fits = try ContextStart.run(pair, ids, drawn: start == .scaled)
    let seconds = (ContinuousClock.now - clock) / .seconds(1)
    settings.notice(
      "mixers \(start == .scaled ? "started by the look-back" : "fitted to the context") of attention in \(Number.short(seconds)) s (error: 1 is a mixer that puts out nothing)"
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
