import MohawkFiles
import Yams

/// One parsed YAML (or JSON) text: its keys and values as flat dotted entries.
struct RecipeDocument {
  /// Larger texts are refused.
  static let byteLimit = 256 * 1024
  /// More aliases than this are refused: each may double what it stands for.
  static let aliasLimit = 16

  /// One key with its value.
  struct Entry {
    /// Dotted, as written.
    var key: String
    var value: Node
    /// `file:line`.
    var place: String
  }

  let source: String
  private(set) var entries: [Entry] = []
  private(set) var problems: [RecipeProblem] = []

  /// - Throws: `MohawkError` when the text is not YAML, or larger or more entangled than any recipe.
  init(_ text: String, source: String) throws {
    self.source = source
    guard let root = try Self.compose(text, source: source) else { return }
    guard let mapping = root.mapping else {
      throw MohawkError(
        .invalidFormat, "a recipe must consist of `key: value` lines", at: place(root), remedy: "such as `seed: 1`")
    }
    flatten(mapping, under: "")
  }

  /// The keys and values of a part of a larger text.
  init(_ mapping: Node.Mapping, source: String) {
    self.source = source
    flatten(mapping, under: "")
  }

  /// The root of a YAML text; nil when it is empty.
  /// - Throws: `MohawkError` when the text is not YAML, or larger or more entangled than any recipe.
  static func compose(_ text: String, source: String) throws -> Node? {
    guard text.utf8.count <= Self.byteLimit else {
      throw MohawkError(.invalidFormat, "this is too large to be a recipe", at: source)
    }
    guard Self.aliasCount(text) <= Self.aliasLimit else {
      throw MohawkError(
        .invalidFormat, "this has more than \(Self.aliasLimit) YAML aliases (*name)", at: source,
        remedy: "write the values out")
    }
    let root: Node?
    do {
      // The closing comment keeps short texts out of Swift's inline strings, whose bytes do not stay in place while
      // the parser reads them.
      root = try Yams.compose(yaml: text + "\n# the end of this text\n")
    } catch let error as YamlError {
      throw Self.syntaxError(error, source)
    }
    return root?.scalar?.isNull == true ? nil : root
  }

  private mutating func flatten(_ mapping: Node.Mapping, under prefix: String) {
    for (key, value) in mapping {
      guard let name = key.scalar?.string else {
        problems.append(
          RecipeProblem(
            code: .unknownKey, key: prefix.isEmpty ? "a key" : prefix + " key", message: "is not a word",
            place: place(key)))
        continue
      }
      let path = prefix.isEmpty ? name : "\(prefix).\(name)"
      // Only known groups are entered, so nesting ends here however deep the text goes.
      if let inner = value.mapping, RecipeKey.groups.contains(RecipeKey.canonical(path)) {
        flatten(inner, under: path)
      } else {
        entries.append(Entry(key: path, value: value, place: place(key)))
      }
    }
  }

  private func place(_ node: Node) -> String { node.mark.map { "\(source):\($0.line)" } ?? source }

  /// How many `*name` there are, counting some that stand in quotes or comments.
  private static func aliasCount(_ text: String) -> Int {
    var count = 0
    var previous = UInt8(ascii: "\n")
    var starIsOpen = false
    for byte in text.utf8 {
      if starIsOpen && byte > UInt8(ascii: " ") { count += 1 }
      starIsOpen = byte == UInt8(ascii: "*") && (previous <= UInt8(ascii: " ") || "[{,:?-".utf8.contains(previous))
      previous = byte
    }
    return count
  }

  private static func syntaxError(_ error: YamlError, _ source: String) -> MohawkError {
    switch error {
    case .scanner(_, let problem, let mark, _), .parser(_, let problem, let mark, _),
      .composer(_, let problem, let mark, _):
      return MohawkError(
        .invalidFormat, "this is not YAML: \(problem)", at: "\(source):\(mark.line)",
        remedy: "check indentation, brackets and quotes")
    case .duplicatedKeysInMapping(let keys, let context):
      return MohawkError(
        .invalidValue, "\(keys.joined(separator: ", ")) is given twice", at: "\(source):\(context.mark.line)",
        remedy: "keep one of them")
    case .reader(let problem, _, _, _):
      return MohawkError(.invalidFormat, "this is not YAML: \(problem)", at: source, remedy: "save it as plain text")
    default:
      return MohawkError(.invalidFormat, "this is not YAML", at: source)
    }
  }
}
