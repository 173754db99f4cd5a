/// Reads a template into statements. Depth is bounded, so that a hostile template cannot exhaust the stack.
///
/// Source: the grammar of Jinja 3.1, with the extension `loopcontrols` and the tag `generation` of `transformers`.
struct JinjaParser {
  /// How deep tags, and expressions, may be nested.
  static let deepest = 64

  var tokens: [JinjaToken]
  var index = 0
  /// Tags and brackets that are open.
  var nesting = 0
  /// Loops around the place, within the innermost macro.
  var loops = 0
  /// Special names of macro arguments that were seen since the innermost macro began.
  var seenPositional = false
  var seenNamed = false
  var seenCaller = false

  /// The statements of `text`.
  static func statements(_ text: String) throws -> [JinjaStatement] {
    var parser = JinjaParser(tokens: try JinjaLexer.tokens(text))
    return try parser.body(until: [])
  }

  private init(tokens: [JinjaToken]) { self.tokens = tokens }

  var current: JinjaToken.Kind { tokens[index].kind }
  var following: JinjaToken.Kind { tokens[min(index + 1, tokens.count - 1)].kind }
  var line: Int { tokens[index].line }

  mutating func advance() { if index < tokens.count - 1 { index += 1 } }

  func isName(_ name: String) -> Bool {
    if case .name(let found) = current { found == name } else { false }
  }

  func isSymbol(_ symbol: String) -> Bool {
    if case .symbol(let found) = current { found == symbol } else { false }
  }

  mutating func skip(name: String) -> Bool {
    guard isName(name) else { return false }
    advance()
    return true
  }

  mutating func skip(symbol: String) -> Bool {
    guard isSymbol(symbol) else { return false }
    advance()
    return true
  }

  mutating func expect(symbol: String) throws {
    if !skip(symbol: symbol) { throw fault("'\(symbol)' is missing before '\(tokens[index].summary)'") }
  }

  mutating func expect(_ kind: JinjaToken.Kind, _ spelling: String) throws {
    guard current == kind else { throw fault("'\(spelling)' is missing before '\(tokens[index].summary)'") }
    advance()
  }

  mutating func expectName() throws -> String {
    guard case .name(let name) = current else {
      throw fault("a name is missing before '\(tokens[index].summary)'")
    }
    advance()
    return name
  }

  func fault(_ message: String) -> JinjaFault { JinjaFault(message, line: line) }

  /// Counts one more level around `part`.
  mutating func nested<Result>(_ part: (inout JinjaParser) throws -> Result) throws -> Result {
    if nesting >= Self.deepest {
      throw JinjaFault.tooMuch("tags and expressions are nested more than \(Self.deepest) deep", line: line)
    }
    nesting += 1
    defer { nesting -= 1 }
    return try part(&self)
  }
}
