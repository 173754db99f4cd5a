/// A study: variants of one recipe, the *arms*, each run with the same seeds, and what to tell of them.
public struct Study: Sendable, Equatable {
  /// The study's name, shown in its report.
  public var name = "study"
  /// What is compared, in the order in which it is shown.
  public var arms: [Arm]
  /// The seeds that every arm is run with.
  public var seeds: [UInt64] = [1, 2, 3]
  /// The arm that the others are compared with, seed by seed.
  public var baseline: String
  /// Names of what is measured, in the order of the table's columns.
  public var report = Study.defaultReport

  /// What a study tells when it does not say otherwise.
  public static let defaultReport = ["KL", "perplexity", "agreement", "seconds"]

  /// One variant.
  public struct Arm: Sendable, Equatable {
    /// Letters, digits, `.`, `+`, `-` and `_`; part of the names of its runs.
    public var name: String
    /// What its runs do; each has its own name and seed.
    public var recipe: Recipe

    /// A recipe under its name.
    public init(_ name: String, _ recipe: Recipe) {
      self.name = name
      self.recipe = recipe
    }
  }

  /// One run of an arm.
  public struct Run: Sendable, Equatable {
    /// The arm's name.
    public var arm: String
    /// Seed of data order, initial weights and sampling.
    public var seed: UInt64
    /// What it does.
    public var recipe: Recipe

    /// Name of its folder.
    public var name: String { "\(arm)_seed\(seed)" }
  }

  /// Arms with the first one as the baseline.
  public init(_ arms: [Arm]) {
    precondition(!arms.isEmpty, "a study needs an arm")
    self.arms = arms
    baseline = arms[0].name
  }

  /// All runs: every arm with the first seed, then every arm with the second, and so on.
  public var runs: [Run] {
    seeds.flatMap { seed in
      arms.map { arm in
        var recipe = arm.recipe
        recipe.seed = seed
        recipe.name = "\(name): \(arm.name), seed \(seed)"
        return Run(arm: arm.name, seed: seed, recipe: recipe)
      }
    }
  }

  /// In what the arms differ: the value of each such key as YAML, arm by arm.
  public var differences: [(key: String, values: [String])] {
    compared { values, _ in Set(values).count > 1 }.map { ($0.name, arms.map(\.recipe).map($0.text)) }
  }

  /// The study with everything in place: loading it gives an equal study.
  public var yaml: String {
    var text = "name: \(name.yaml)\nseeds: \(seeds.yaml)\nbaseline: \(baseline.yaml)\nreport: \(report.yaml)\n"
    let shared = compared { values, key in Set(values).count == 1 && values[0] != key.text(Recipe()) }
    text += "\nset:" + (shared.isEmpty ? " {}\n" : "\n")
    for key in shared { text += "  \(key.name): \(key.text(arms[0].recipe))\n" }
    let differing = differences
    text += "\narms:\n"
    for (index, arm) in arms.enumerated() {
      text += "  \(arm.name.yaml):" + (differing.isEmpty ? " {}\n" : "\n")
      for (key, values) in differing { text += "    \(key): \(values[index])\n" }
    }
    return text
  }

  private func compared(_ holds: ([String], RecipeKey) -> Bool) -> [RecipeKey] {
    RecipeKey.all.filter { key in
      !StudyReader.ownKeys.contains(key.name) && holds(arms.map { key.text($0.recipe) }, key)
    }
  }
}
