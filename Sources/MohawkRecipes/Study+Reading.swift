import Foundation
import MohawkFiles
import Yams

extension Study {
  /// Loads the study in a YAML or JSON file.
  /// - Parameters:
  ///   - path: of the file.
  ///   - assignments: laid over the base recipe, such as `teacher=models/teacher`; the arms lie over them.
  ///   - tokens: a total that the stages of every run share; nil: as the recipes have it.
  /// - Throws: one `MohawkError` that names file, line and key.
  public static func load(_ path: String, set assignments: [String] = [], tokens: Int? = nil) throws -> Study {
    try parse(RecipeLoader.text(of: path), source: path, set: assignments, tokens: tokens)
  }

  /// Reads a study from YAML or JSON.
  /// - Parameters:
  ///   - yaml: the text.
  ///   - source: what errors call the text; a `base` that is a file lies beside it.
  ///   - assignments: laid over the base recipe; the arms lie over them.
  ///   - tokens: a total that the stages of every run share; nil: as the recipes have it.
  public static func parse(_ yaml: String, source: String, set assignments: [String] = [], tokens: Int? = nil) throws
    -> Study
  {
    try StudyReader(yaml, source: source).study(set: assignments, tokens: tokens)
  }
}

/// From a study's text to its arms.
struct StudyReader {
  static let keys = ["name", "base", "set", "arms", "axes", "seeds", "baseline", "report"]
  /// Keys of recipes that a study sets itself.
  static let ownKeys = ["name", "seed"]
  /// More runs than this are refused.
  static let runLimit = 10_000

  let source: String
  private var values: [String: Node] = [:]

  init(_ yaml: String, source: String) throws {
    self.source = source
    guard let root = try RecipeDocument.compose(yaml, source: source), let mapping = root.mapping else {
      throw MohawkError(
        .invalidFormat, "a study must consist of `key: value` lines", at: source,
        remedy: "its keys are \(Self.keys.joined(separator: ", "))")
    }
    for (key, value) in mapping {
      let name = key.scalar?.string ?? "a key"
      guard Self.keys.contains(name) else {
        let hint = NearestName.hint(name, among: Self.keys) ?? "the keys are \(Self.keys.joined(separator: ", "))"
        let isRecipes = RecipeKey.byName[RecipeKey.canonical(name)] != nil || RecipeKey.groups.contains(name)
        throw MohawkError(
          .unknownKey, "\(name.prefix(80)) is not a key of studies", at: place(key),
          remedy: isRecipes ? "keys of recipes stand under set" : hint)
      }
      values[name] = value
    }
  }

  func study(set assignments: [String], tokens: Int?) throws -> Study {
    let axes = try self.axes()
    let shared = try values["set"].map { try settings(named: "set", $0) } ?? Settings(name: "set")
    try refuseClashes(assignments, tokens: tokens, shared, axes)
    var base = try self.base()
    try base.lay(shared.document)
    try base.lay(assignments: assignments)
    var arms: [Study.Arm] = []
    for parts in try Self.products(axes, at: source) {
      let name = parts.isEmpty ? "recipe" : parts.map(\.name).joined(separator: "_")
      if let other = arms.first(where: { $0.name.lowercased() == name.lowercased() }) {
        throw MohawkError(
          .invalidValue, "two arms are called \(other.name)", at: source, remedy: "give the values names of their own")
      }
      var layers = base
      for part in parts { try layers.lay(part.document) }
      arms.append(
        .init(name, try recipe(name, layers, tokens: parts.compactMap(\.tokens).first ?? tokens ?? shared.tokens)))
    }
    for (index, arm) in arms.enumerated() {
      if let other = arms[..<index].first(where: { $0.recipe == arm.recipe }) {
        throw MohawkError(.invalidValue, "the arms \(other.name) and \(arm.name) are the same", at: source)
      }
    }
    return try finished(Study(arms))
  }

  private func recipe(_ arm: String, _ layers: RecipeLayers, tokens: Int?) throws -> Recipe {
    do {
      var recipe = try layers.finished()
      // Every run has its own.
      (recipe.name, recipe.seed) = (Recipe().name, Recipe().seed)
      if let tokens {
        guard tokens > 0 else { throw MohawkError(.invalidValue, "tokens must be above 0, not \(tokens)") }
        recipe.divide(tokens: tokens)
        try recipe.validate()
      }
      guard recipe.teacher != nil else {
        throw MohawkError(
          .invalidValue, "there is no teacher", remedy: "name one under set, or by --teacher; mohawk pretrain makes one"
        )
      }
      return recipe
    } catch let error as MohawkError {
      throw MohawkError(error.code, "arm \(arm): \(error.message)", at: error.location ?? source, remedy: error.remedy)
    }
  }

  private func finished(_ draft: Study) throws -> Study {
    var study = draft
    study.name =
      try value("name", String.self) ?? URL(fileURLWithPath: source).deletingPathExtension().lastPathComponent
    study.baseline = try value("baseline", String.self) ?? study.baseline
    guard study.arms.contains(where: { $0.name == study.baseline }) else {
      let names = study.arms.map(\.name)
      throw MohawkError(
        .invalidValue, "baseline is \(study.baseline.prefix(80)), which is no arm", at: values["baseline"].map(place),
        remedy: NearestName.hint(study.baseline, among: names) ?? "the arms are \(names.joined(separator: ", "))")
    }
    if let node = values["seeds"] {
      guard node.sequence != nil, let seeds = [UInt64](recipe: node), !seeds.isEmpty, Set(seeds).count == seeds.count
      else {
        throw MohawkError(
          .invalidValue, "seeds must be a list of different whole numbers, not \(RecipeLayers.shown(node))",
          at: place(node), remedy: "such as [1, 2, 3]")
      }
      study.seeds = seeds
    }
    study.report = try value("report", [String].self) ?? study.report
    if study.report.isEmpty || Set(study.report).count < study.report.count {
      throw MohawkError(
        .invalidValue, "report must name different measures", at: values["report"].map(place),
        remedy: "such as [\(Study.defaultReport.joined(separator: ", "))]")
    }
    guard study.arms.count * study.seeds.count <= Self.runLimit else { throw Self.tooMany(source) }
    return study
  }

  private func value<Value: RecipeValue>(_ key: String, _ type: Value.Type) throws -> Value? {
    guard let node = values[key] else { return nil }
    if let value = Value(recipe: node) { return value }
    throw MohawkError(
      .invalidValue, "\(key) must be \(Value.expectation), not \(RecipeLayers.shown(node))", at: place(node))
  }

  /// The recipe on which all arms lie: a named one, a file beside the study's, or the defaults.
  private func base() throws -> RecipeLayers {
    guard let name = try value("base", String.self) else { return RecipeLayers(recipe: Recipe()) }
    if let recipe = Recipe.named(name) { return RecipeLayers(recipe: recipe) }
    let path = name.hasPrefix("/") ? name : URL(fileURLWithPath: source).deletingLastPathComponent().path + "/" + name
    guard FileManager.default.fileExists(atPath: path) else {
      let names = Recipe.allNamed.map(\.name)
      throw MohawkError(
        .missingFile, "base names no recipe and no file beside this one: \(name.prefix(200))",
        at: values["base"].map(place),
        remedy: NearestName.hint(name, among: names) ?? "the recipes are \(names.joined(separator: ", "))")
    }
    var layers = RecipeLayers(recipe: Recipe())
    try layers.lay(RecipeDocument(RecipeLoader.text(of: path), source: path))
    return layers
  }

  func place(_ node: Node) -> String { node.mark.map { "\(source):\($0.line)" } ?? source }

  func node(_ key: String) -> Node? { values[key] }

  static func tooMany(_ source: String) -> MohawkError {
    MohawkError(.invalidValue, "this is more than \(runLimit) runs", at: source, remedy: "take fewer values or seeds")
  }
}
