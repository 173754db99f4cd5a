import Foundation
import Testing

@testable import MohawkRecipes

/// Keeps `Documentation/recipes.md` in step with the keys.
@Suite struct RecipeDocumentationTests {
  @Test func theDocumentationListsEveryKeyWithItsDefault() throws {
    let root = URL(fileURLWithPath: #filePath).appendingPathComponent("../../..").standardized
    let page = try String(contentsOf: root.appendingPathComponent("Documentation/recipes.md"), encoding: .utf8)
    let parts = page.components(separatedBy: "<!-- keys -->\n")
    try #require(parts.count == 3, "the page has the tables between two lines <!-- keys -->")
    if parts[1] != Self.tables { Issue.record("Documentation/recipes.md should hold these tables:\n\(Self.tables)") }
  }

  private static var tables: String {
    let defaults = Recipe()
    let stages = StageName.allCases.map(\.rawValue)
    var text = "| key | value | default | meaning |\n|---|---|---|---|\n"
    for key in RecipeKey.all where !stages.contains(key.group) {
      text += "| `\(key.name)` | \(key.expectation) | `\(key.text(defaults))` | \(key.summary) |\n"
    }
    text += "\nKeys of a stage, such as `alignment.tokens`, with the default of each stage:\n\n"
    text += "| key | value | \(stages.joined(separator: " | ")) | meaning |\n"
    text += "|---|---|\(stages.map { _ in "---|" }.joined())---|\n"
    var leaves = Set<String>()
    for key in RecipeKey.all where stages.contains(key.group) && leaves.insert(key.leaf).inserted {
      let values = stages.map { RecipeKey.byName["\($0).\(key.leaf)"].map { "`\($0.text(defaults))`" } ?? "" }
      text += "| `\(key.leaf)` | \(key.expectation) | \(values.joined(separator: " | ")) | \(key.summary) |\n"
    }
    return text
  }
}
