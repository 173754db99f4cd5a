import MohawkFiles

/// One thing that is wrong with a recipe.
struct RecipeProblem: Equatable {
  var code = MohawkError.Code.invalidValue
  /// Dotted key that it is about.
  var key: String
  /// What is wrong, after the key: “must be …, not …”.
  var message: String
  var remedy: String?
  /// `file:line` or the assignment.
  var place: String?

  /// All `problems` as one error, or `nil` when there are none.
  static func error(_ problems: [RecipeProblem]) -> MohawkError? {
    guard let first = problems.first else { return nil }
    if problems.count == 1 {
      return MohawkError(first.code, "\(first.key) \(first.message)", at: first.place, remedy: first.remedy)
    }
    let lines = problems.map { problem in
      let place = problem.place.map { $0 + ": " } ?? ""
      let remedy = problem.remedy.map { " (\($0))" } ?? ""
      return "\n  \(place)\(problem.key) \(problem.message)\(remedy)"
    }
    return MohawkError(first.code, "the recipe has \(problems.count) problems:" + lines.joined())
  }
}
