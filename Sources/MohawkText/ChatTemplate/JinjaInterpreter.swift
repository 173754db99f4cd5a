/// Renders statements. Work, memory and depth are bounded, so that a hostile template cannot hang or crash.
final class JinjaInterpreter {
  /// What one rendering may use.
  struct Limits {
    /// Expressions and statements, and elements that were looked at.
    var steps = 5_000_000
    /// Bytes of text and of values that are made, all together.
    var bytes = 64 << 20
    /// Expressions, statements and macros inside each other.
    var depth = 128
  }

  enum Flow {
    case onward, leave, next
  }

  private let limits: Limits
  private var steps = 0
  private var bytes = 0
  private var depth = 0
  /// The time that `strftime_now` tells.
  let now: JinjaTime
  var output: [UInt8] = []
  /// Where in the output `{% generation %}` blocks stand, in bytes.
  private(set) var generated: [Range<Int>] = []
  /// How many parts are being written that are no output yet, such as what a macro gives.
  private var captures = 0
  /// Whether a `{% generation %}` block stood in such a part, so that its place is not known.
  private(set) var hasUnplacedGeneration = false
  /// What may hold on to itself; it is emptied at the end.
  private var namespaces: [JinjaNamespace] = []
  private var macroScopes: [JinjaScope] = []

  init(limits: Limits = Limits(), now: JinjaTime) {
    self.limits = limits
    self.now = now
  }

  /// The text of `statements`, where the names of `context` are known.
  func render(_ statements: [JinjaStatement], _ context: [String: JinjaValue]) throws -> [UInt8] {
    defer {
      for namespace in namespaces { namespace.members = [:] }
      for scope in macroScopes { scope.names = [:] }
    }
    let outer = JinjaScope(nil)
    outer.names = context
    _ = try execute(statements, JinjaScope(outer))
    return output
  }

  /// Runs the body of a `{% generation %}` block and notes what it writes.
  func generate(_ body: () throws -> Flow) rethrows -> Flow {
    let start = output.count
    let flow = try body()
    if captures > 0 {
      hasUnplacedGeneration = true
    } else if start < output.count {
      generated.append(start..<output.count)
    }
    return flow
  }

  /// What `body` writes.
  func captured(_ body: () throws -> Flow) throws -> (text: [UInt8], flow: Flow) {
    let outer = output
    output = []
    captures += 1
    let flow = try body()
    captures -= 1
    let text = output
    output = outer
    return (text, flow)
  }

  /// Counts work.
  func step(_ count: Int = 1) throws {
    steps += count
    if steps > limits.steps { throw JinjaFault.tooMuch("rendering takes more than \(limits.steps) steps") }
  }

  /// Counts text that is made.
  func spend(_ count: Int) throws {
    guard count <= limits.bytes - bytes else {
      throw JinjaFault.tooMuch("rendering takes more than \(limits.bytes) bytes")
    }
    bytes += count
  }

  /// Counts values that are made.
  func spend(values count: Int) throws {
    try spend(count > limits.bytes / 32 ? limits.bytes + 1 : count * 32)
    try step(count)
  }

  /// Goes one level deeper, and counts a step.
  func enter() throws {
    try step()
    if depth >= limits.depth {
      throw JinjaFault.tooMuch("the template calls itself, or nests, more than \(limits.depth) deep")
    }
    depth += 1
  }

  func leave() { depth -= 1 }

  func list(_ values: [JinjaValue]) throws -> JinjaValue {
    try spend(values: values.count)
    return .list(try JinjaItems(values))
  }

  func tuple(_ values: [JinjaValue]) throws -> JinjaValue {
    try spend(values: values.count)
    return .tuple(try JinjaItems(values))
  }

  func iterator(_ values: [JinjaValue]) throws -> JinjaValue {
    try spend(values: values.count)
    return .iterator(try JinjaIterator(values))
  }

  func dictionary(_ pairs: [(key: JinjaValue, value: JinjaValue)]) throws -> JinjaValue {
    try spend(values: 4 * pairs.count)
    return .dictionary(try JinjaDictionary(pairs))
  }

  func string(_ bytes: [UInt8]) throws -> JinjaValue {
    try spend(bytes.count)
    return .string(bytes)
  }

  func namespace(_ members: [String: JinjaValue]) throws -> JinjaValue {
    if let name = members.keys.first(where: { $0.hasPrefix("_") }) {
      throw JinjaFault("a namespace cannot hold '\(name)', since it begins with an underscore", code: .invalidValue)
    }
    try spend(values: 8 + members.count)
    let namespace = JinjaNamespace(members)
    namespaces.append(namespace)
    return .namespace(namespace)
  }

  func macro(_ definition: JinjaMacroDefinition, _ scope: JinjaScope) throws -> JinjaValue {
    try spend(values: 8)
    macroScopes.append(scope)
    return .macro(JinjaMacro(definition, scope))
  }
}
