import ArgumentParser
import MohawkCommands
import MohawkRecipes
import MohawkReports

/// The recipes that ship with the command.
struct Recipes: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Lists the named recipes, or prints one with every value.")

  @Argument(help: "A named recipe or a file.") var name: String?

  func run() throws {
    if let name {
      Terminal.stream(try RecipeLoader.load(name).yaml)
      return
    }
    var table = Table([.init("recipe"), .init("what it does")])
    for named in Recipe.allNamed { table.add([named.name, named.summary]) }
    Terminal.say(table.text)
  }
}
