import Foundation
import MohawkFiles

/// Reads recipes: a named recipe, a YAML or JSON file laid over it, and assignments laid over both.
///
/// Unknown keys, keys given twice, values of the wrong kind and impossible values are refused, all in one error that
/// names file, line and key.
public enum RecipeLoader {
  /// Loads the named recipe or the file `source` and applies `assignments`.
  ///
  /// A file may start from a named recipe with `base: demo`; without it every key has its default.
  /// - Parameters:
  ///   - source: name of a recipe that ships with the package, or path of a YAML or JSON file.
  ///   - assignments: such as `stage2.learningRate=1e-3`; the value is read as YAML.
  /// - Throws: `MohawkError`.
  public static func load(_ source: String, set assignments: [String] = []) throws -> Recipe {
    if let recipe = Recipe.named(source) { return try load(over: recipe, set: assignments) }
    let looksLikePath = source.contains("/") || source.contains(".")
    if !looksLikePath && !FileManager.default.fileExists(atPath: source) {
      let names = Recipe.allNamed.map(\.name)
      throw MohawkError(
        .missingFile, "there is no recipe and no file of this name", at: source,
        remedy: NearestName.hint(source, among: names) ?? "the recipes are \(names.joined(separator: ", "))")
    }
    return try parse(text(of: source), source: source, set: assignments)
  }

  /// What a file that may hold a recipe says.
  static func text(of source: String) throws -> String {
    let file = try MappedFile(source)
    guard file.count <= RecipeDocument.byteLimit else {
      throw MohawkError(.invalidFormat, "this is too large to be a recipe", at: source, remedy: "name a YAML file")
    }
    let decoded = String(validating: try TextFile.bytes(source), as: UTF8.self)
    guard let text = decoded else {
      throw MohawkError(.invalidFormat, "this is not UTF-8 text", at: source, remedy: "save the recipe as UTF-8")
    }
    return text
  }

  /// Reads a recipe from YAML or JSON.
  /// - Parameters:
  ///   - yaml: the text.
  ///   - source: what errors call the text.
  ///   - assignments: laid over it, such as `stage2.learningRate=1e-3`.
  public static func parse(_ yaml: String, source: String, set assignments: [String] = []) throws -> Recipe {
    var layers = RecipeLayers(recipe: Recipe())
    try layers.lay(RecipeDocument(yaml, source: source))
    try layers.lay(assignments: assignments)
    return try layers.finished()
  }

  /// Lays assignments over a recipe.
  public static func load(over recipe: Recipe, set assignments: [String]) throws -> Recipe {
    var layers = RecipeLayers(recipe: recipe)
    try layers.lay(assignments: assignments)
    return try layers.finished()
  }
}
