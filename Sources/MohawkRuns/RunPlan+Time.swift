import MohawkFiles
import MohawkRecipes

extension RunPlan {
  /// The recipe with as many tokens as can be learnt from in a time on this machine. Every stage keeps its share of them,
  /// but for a calibration, which keeps its own as far as it leaves half of the total.
  /// - Parameters:
  ///   - seconds: of training; start, evaluation and checkpoints come on top.
  ///   - recipe: names teacher and stages, and their shares.
  ///   - notice: told what is measured.
  /// - Throws: `MohawkError` when a step of every stage takes longer.
  public static func recipe(
    taking seconds: Double, _ recipe: Recipe, notice: (String) -> Void = { _ in }
  ) throws -> Recipe {
    try self.recipe(taking: seconds, recipe, notice: notice, probe: { try StageProbe($0, $1, $2, $3) })
  }

  static func recipe(
    taking seconds: Double, _ recipe: Recipe, notice: (String) -> Void = { _ in }, probe: @escaping Probe
  ) throws -> Recipe {
    let plan = try RunPlan(recipe, notice: notice, probe: probe)
    // A stage's budget counts tokens once, however often it goes through them.
    func time(_ recipe: Recipe, where holds: (StageName) -> Bool = { _ in true }) -> Double {
      plan.stages.filter { holds($0.name) }.reduce(0) {
        $0 + ($1.seconds ?? 0) / Double(max(1, $1.tokens)) * Double(recipe[$1.name].steps * recipe[$1.name].batchTokens)
      }
    }
    var timed = recipe
    let others = recipe.stages.filter { $0 != .calibration }.reduce(0) { $0 + recipe[$1].tokens }
    let rest = seconds - time(recipe) { $0 == .calibration }
    let share = rest / max(1e-9, time(recipe) { $0 != .calibration })
    let calibration = recipe.stages.contains(.calibration) ? recipe.calibration.tokens : 0
    timed.divide(tokens: max(1, calibration + Int(min(Double(others) * max(0, share), 1e15))))
    let found = time(timed)
    guard found <= 1.1 * seconds else {
      throw MohawkError(
        .outOfRange,
        "the least budgets of \(recipe.stages.map(\.rawValue).joined(separator: ", ")) take about \(Int(found.rounded(.up))) s here, and there are \(Int(seconds)) s",
        remedy: "give more time, shorter sequences or fewer stages")
    }
    return timed
  }
}
