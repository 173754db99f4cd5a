import MohawkRecipes
import MohawkReports

extension DistillationRun {
  /// Says where a stage that ends leaves the student further from its teacher than a mixer that puts out nothing.
  func warn(after stage: StageName) {
    guard let measured else { return }
    switch recipe[stage].loss.compares {
    case .matrix:
      warn(
        "\(stage.number) ends with matrices further from the teacher's than the zero matrix",
        [
          ("error", Worse.layers(measured.matrixErrors)),
          ("value-weighted error", Worse.layers(measured.weightedErrors)),
        ],
        "they need more tokens, a higher learning rate or student.start: context")
    default: warn(outputErrors: measured.outputErrors, "\(stage.number) ends with ")
    }
  }

  /// Whether a stage ends with ``warn(after:)`` about outputs.
  func isJudgedByOutputs(_ stage: StageName) -> Bool {
    stage != .calibration && [.output, .block].contains(recipe[stage].loss.compares)
  }

  /// Says which mixers of the student are further from the teacher's than one that puts out nothing.
  func warn(outputErrors: [Double?], _ when: String = "") {
    warn(
      when + "mixers further from the teacher's than one that puts out nothing",
      [("output error", Worse.layers(outputErrors))], "they need more of stage 2, or a lower learning rate")
  }

  private func warn(_ what: String, _ measures: [(name: String, layers: String?)], _ remedy: String) {
    let found = measures.compactMap { measure in measure.layers.map { "\(measure.name) above 1 in layer \($0)" } }
    if !found.isEmpty { settings.notice("\(what): \(found.joined(separator: ", ")); \(remedy)") }
  }
}

/// Layers that are worse than nothing.
private enum Worse {
  /// Those with errors above 1, with the errors; nil when there are none.
  static func layers(_ errors: [Double?]) -> String? {
    let found = errors.enumerated().compactMap { layer, error in
      error.flatMap { $0 > 1 ? "\(layer) (\(Number.short($0)))" : nil }
    }
    return found.isEmpty ? nil : found.joined(separator: ", ")
  }
}

extension StageName {
  /// Its number in the paper, or its name.
  fileprivate var number: String {
    switch self {
    case .orientation: "stage 1"
    case .alignment: "stage 2"
    case .distillation: "stage 3"
    case .pretraining, .calibration: rawValue
    }
  }
}
