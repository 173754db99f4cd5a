import MohawkFiles
import Yams

/// A recipe under construction: layers of keys, and where each key was last set.
struct RecipeLayers {
  var recipe: Recipe
  private var places: [String: String] = [:]
  private var problems: [RecipeProblem] = []

  init(recipe: Recipe) { self.recipe = recipe }

  /// Lays one document over what is there.
  mutating func lay(_ document: RecipeDocument) throws {
    problems += document.problems
    var here: [String: String] = [:]
    for entry in document.entries where entry.key == "base" { lay(base: entry) }
    for entry in document.entries where entry.key != "base" {
      let name = RecipeKey.canonical(entry.key)
      if let first = here[name] {
        problems.append(
          RecipeProblem(key: entry.key, message: "is given twice", remedy: "first in \(first)", place: entry.place))
        continue
      }
      here[name] = entry.place
      set(name, entry)
    }
    replaceAttention(Set(here.keys))
  }

  /// Lays assignments, each `key=value`, over what is there.
  /// - Throws: `MohawkError` when one is not of that form.
  mutating func lay(assignments: [String]) throws {
    replaceAttention(try Set(assignments.map { try lay(assignment: $0) }))
  }

  /// Lays one assignment over what is there.
  /// - Returns: the key that it sets.
  private mutating func lay(assignment: String) throws -> String {
    guard let equals = assignment.firstIndex(of: "="), equals != assignment.startIndex else {
      throw MohawkError(
        .invalidFormat, "an assignment has the form key=value", at: "--set \(assignment)",
        remedy: "such as student.chunk=32")
    }
    let key = String(assignment[..<equals]).trimming
    let value = String(assignment[assignment.index(after: equals)...]).trimming
    let place = "--set \(assignment)"
    // A value with line breaks could smuggle in further keys; it must stay one entry.
    let document = try RecipeDocument("value: \(value)", source: place)
    guard document.entries.count == 1, document.problems.isEmpty else {
      throw MohawkError(.invalidFormat, "an assignment has one value", at: place)
    }
    let name = RecipeKey.canonical(key)
    set(name, .init(key: key, value: document.entries[0].value, place: place))
    return name
  }

  /// What says which attention is kept, layers, heads or a rule that finds them, takes the place of all that lies below.
  /// - Parameter keys: what the layer on top sets. What it sets together stays, and is refused if it disagrees.
  private mutating func replaceAttention(_ keys: Set<String>) {
    let (layers, heads, rule) = ("student.attentionLayers", "student.attentionHeads", "student.attention")
    guard !keys.isDisjoint(with: [layers, heads, rule]) else { return }
    if !keys.contains(layers) { recipe.student.attentionLayers = [] }
    if !keys.contains(heads) { recipe.student.attentionHeads = [] }
    if !keys.contains(rule) { recipe.student.attention = nil }
  }

  /// The recipe, when nothing was wrong.
  func finished() throws -> Recipe {
    if let error = RecipeProblem.error(problems) { throw error }
    let impossible = recipe.problems.map { problem in
      var problem = problem
      problem.place = places[problem.key]
      return problem
    }
    if let error = RecipeProblem.error(impossible) { throw error }
    return recipe
  }

  private mutating func lay(base entry: RecipeDocument.Entry) {
    let names = Recipe.allNamed.map(\.name)
    let name = entry.value.scalar?.string ?? ""
    if let base = Recipe.named(name) {
      recipe = base
    } else {
      problems.append(
        RecipeProblem(
          key: "base", message: "names no recipe: “\(name.prefix(80))”",
          remedy: NearestName.hint(name, among: names) ?? "the recipes are \(names.joined(separator: ", "))",
          place: entry.place))
    }
  }

  private mutating func set(_ name: String, _ entry: RecipeDocument.Entry) {
    guard let key = RecipeKey.byName[name] else {
      problems.append(unknown(name, entry))
      return
    }
    places[name] = entry.place
    if !key.assign(&recipe, entry.value) {
      problems.append(
        RecipeProblem(
          key: entry.key, message: "must be \(key.expectation), not \(Self.shown(entry.value))", place: entry.place))
    }
  }

  private func unknown(_ name: String, _ entry: RecipeDocument.Entry) -> RecipeProblem {
    let shown = String(entry.key.prefix(80))
    if RecipeKey.groups.contains(name) {
      return RecipeProblem(
        key: shown, message: "holds keys of its own, not \(Self.shown(entry.value))",
        remedy: "such as \(RecipeKey.all.first { $0.group == name }!.name)", place: entry.place)
    }
    let group = String(name.prefix { $0 != "." })
    let siblings = RecipeKey.all.filter { RecipeKey.groups.contains(group) ? $0.group == group : $0.group == "" }
    let hint =
      NearestName.hint(name, among: RecipeKey.all.map(\.name) + RecipeKey.groups.sorted())
      ?? "the keys here are \(siblings.map(\.name).joined(separator: ", "))"
    return RecipeProblem(
      code: .unknownKey, key: shown, message: "is not a key of recipes", remedy: hint, place: entry.place)
  }

  static func shown(_ value: Node) -> String {
    switch value {
    case .scalar(let scalar): scalar.isNull ? "null" : "“\(scalar.string.prefix(80))”"
    case .sequence(let sequence):
      sequence.allSatisfy { $0.scalar != nil } && sequence.count <= 16
        ? "[\(sequence.map { $0.scalar!.string }.joined(separator: ", ").prefix(80))]" : "a list"
    case .mapping, .alias: "keys and values"
    }
  }
}

extension String {
  fileprivate var trimming: String {
    var text = Substring(self)
    while text.first?.isWhitespace == true { text.removeFirst() }
    while text.last?.isWhitespace == true { text.removeLast() }
    return String(text)
  }
}
