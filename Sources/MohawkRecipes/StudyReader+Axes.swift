import MohawkFiles
import Yams

extension StudyReader {
  /// Keys that are set together, under a name.
  struct Settings {
    var name: String
    var document = RecipeDocument(Node.Mapping([]), source: "")
    /// A total that the stages share, which is no key of recipes.
    var tokens: Int?
    /// What is set, by the full names of the keys.
    var keys: Set<String> {
      Set(document.entries.map { RecipeKey.canonical($0.key) } + (tokens == nil ? [] : ["tokens"]))
    }
  }

  /// The arms by name, which count as an axis, then the axes.
  func axes() throws -> [[Settings]] {
    var axes: [[Settings]] = []
    if let node = node("arms") { axes.append(try named("arms", node)) }
    if let node = node("axes") {
      guard let mapping = node.mapping else {
        throw MohawkError(
          .invalidFormat, "axes must hold `key: [value, …]` lines, not \(RecipeLayers.shown(node))", at: place(node),
          remedy: "such as student.start: [paper, context]")
      }
      for (key, value) in mapping {
        let name = key.scalar?.string ?? ""
        axes.append(try value.mapping == nil ? listed(name, key, value) : named(name, value))
      }
    }
    for (index, axis) in axes.enumerated() {
      for other in axes[..<index] {
        let both = Set(axis.flatMap(\.keys)).intersection(other.flatMap(\.keys))
        if let key = both.min() { throw MohawkError(.invalidValue, "two axes set \(key)", at: source) }
      }
    }
    return axes
  }

  /// Settings that have names: `pure: {}`, `hybrid: {student.attentionLayers: [2]}`.
  private func named(_ axis: String, _ node: Node) throws -> [Settings] {
    guard let mapping = node.mapping, !mapping.isEmpty else {
      throw MohawkError(
        .invalidFormat, "\(axis) must hold names with their keys, not \(RecipeLayers.shown(node))", at: place(node),
        remedy: "such as hybrid: {student.attentionLayers: [2]}")
    }
    return try mapping.map { key, value in
      let name = key.scalar?.string ?? ""
      guard !name.isEmpty, name == Self.fileName(name) else {
        throw MohawkError(
          .invalidValue, "“\(name.prefix(80))” cannot be an arm's name", at: place(key),
          remedy: "use letters, digits, '.', '+', '-' and '_', such as \(Self.fileName(name))")
      }
      return try settings(named: name, value)
    }
  }

  /// The values of one key: `student.start: [paper, context]`.
  private func listed(_ name: String, _ key: Node, _ node: Node) throws -> [Settings] {
    guard let values = node.sequence, !values.isEmpty else {
      throw MohawkError(
        .invalidFormat, "the axis \(name.prefix(80)) must hold a list of values, not \(RecipeLayers.shown(node))",
        at: place(node), remedy: "such as \(name.prefix(80)): [1, 2]")
    }
    let leaf = name.split(separator: ".").last.map(String.init) ?? name
    return try values.map { value in
      try settings(
        named: "\(leaf)-\(Self.fileName(Self.words(value)))", .mapping(Node.Mapping([(key, value)])))
    }
  }

  /// Keys of recipes, and `tokens`.
  func settings(named name: String, _ node: Node) throws -> Settings {
    var settings = Settings(name: name)
    if node.scalar?.isNull == true { return settings }
    guard let mapping = node.mapping else {
      throw MohawkError(
        .invalidFormat, "\(name) must hold `key: value` lines, not \(RecipeLayers.shown(node))", at: place(node))
    }
    let own = mapping.filter { $0.key.scalar?.string == "tokens" }
    let recipes = mapping.filter { $0.key.scalar?.string != "tokens" }
    settings.document = RecipeDocument(Node.Mapping(recipes.map { ($0.key, $0.value) }), source: source)
    for entry in settings.document.entries where Self.ownKeys.contains(entry.key) || entry.key == "base" {
      throw MohawkError(
        .invalidValue, "\(entry.key) is not set for an arm", at: entry.place,
        remedy: entry.key == "seed" ? "every arm is run with all of seeds" : "the study has one \(entry.key)")
    }
    if let value = own.first?.value {
      guard let tokens = Int(recipe: value) else {
        throw MohawkError(
          .invalidValue, "tokens must be \(Int.expectation), not \(RecipeLayers.shown(value))", at: place(value))
      }
      settings.tokens = tokens
    }
    return settings
  }

  /// What the command line sets must reach every arm.
  func refuseClashes(_ assignments: [String], tokens: Int?, _ shared: Settings, _ axes: [[Settings]]) throws {
    let arms = Set(axes.joined().flatMap(\.keys))
    var given = assignments.map { RecipeKey.canonical(String($0.prefix { $0 != "=" })) }
    if tokens != nil { given.append("tokens") }
    for key in given where arms.contains(key) {
      throw MohawkError(
        .invalidValue, "\(key) is set by the arms of this study", at: "--set \(key)", remedy: "change it in \(source)")
    }
    for key in given where Self.ownKeys.contains(key) {
      throw MohawkError(
        .invalidValue, "the \(key) of a run comes from the study", at: "--set \(key)", remedy: "change it in \(source)")
    }
  }

  /// One setting of every axis, the last axis changing fastest.
  static func products(_ axes: [[Settings]], at source: String) throws -> [[Settings]] {
    var products: [[Settings]] = [[]]
    for axis in axes {
      guard products.count * axis.count <= runLimit else { throw tooMany(source) }
      products = products.flatMap { front in axis.map { front + [$0] } }
    }
    return products
  }

  /// A value in words, a path by its last part.
  private static func words(_ node: Node) -> String {
    if let scalar = node.scalar { return scalar.string.split(separator: "/").last.map(String.init) ?? "null" }
    guard let values = node.sequence, !values.isEmpty else { return "none" }
    return values.map(words).joined(separator: "-")
  }

  /// The same text with `-` for everything that does not belong into the name of a folder.
  private static func fileName(_ text: String) -> String {
    let kept = text.map { character in
      character.isASCII && (character.isLetter || character.isNumber || ".+-_".contains(character)) ? character : "-"
    }
    let name = String(kept).split(separator: "-", omittingEmptySubsequences: true).joined(separator: "-")
    return String(name.drop { $0 == "." }.prefix(60))
  }
}
