/// A value of a template at work, with Python's types. Only namespaces, loops and iterators change.
enum JinjaValue {
  /// What is not there, with the reason why.
  case undefined(String)
  case null
  case bool(Bool)
  case integer(Int)
  case float(Double)
  /// UTF-8.
  case string([UInt8])
  /// Text that the filter `safe` marked; added to other text it escapes that for HTML.
  case markup([UInt8])
  case list(JinjaItems)
  case tuple(JinjaItems)
  case dictionary(JinjaDictionary)
  case range(JinjaRange)
  /// What `items()`, `keys()` and `values()` of a dictionary give.
  case view(JinjaView)
  /// What can be iterated once, such as the result of `map`.
  case iterator(JinjaIterator)
  case namespace(JinjaNamespace)
  case loop(JinjaLoopState)
  case macro(JinjaMacro)
  case method(JinjaMethod)
  case function(String)
  case cycler(JinjaCycler)
  case joiner(JinjaJoiner)

  static func text(_ text: String) -> JinjaValue { .string(Array(text.utf8)) }

  /// What Python calls the type.
  var type: String {
    switch self {
    case .undefined: "Undefined"
    case .null: "None"
    case .bool: "bool"
    case .integer: "int"
    case .float: "float"
    case .string, .markup: "str"
    case .list: "list"
    case .tuple: "tuple"
    case .dictionary: "dict"
    case .range: "range"
    case .view: "a view of a dict"
    case .iterator: "iterator"
    case .namespace: "namespace"
    case .loop: "loop"
    case .macro: "macro"
    case .method, .function: "function"
    case .cycler: "cycler"
    case .joiner: "joiner"
    }
  }

  /// Whether it is Python's None.
  var isNull: Bool { if case .null = self { true } else { false } }

  /// Whether `if` takes the value for true.
  var isTrue: Bool {
    switch self {
    case .undefined, .null: false
    case .bool(let value): value
    case .integer(let value): value != 0
    case .float(let value): value != 0
    case .string(let bytes), .markup(let bytes): !bytes.isEmpty
    case .list(let items), .tuple(let items): !items.values.isEmpty
    case .dictionary(let dictionary): !dictionary.entries.isEmpty
    case .range(let range): range.count > 0
    case .view(let view): !view.dictionary.entries.isEmpty
    case .iterator, .namespace, .loop, .macro, .method, .function, .cycler, .joiner: true
    }
  }

  /// The value without the mark of `safe`.
  var unmarked: JinjaValue {
    if case .markup(let bytes) = self { .string(bytes) } else { self }
  }

  var isUndefined: Bool {
    if case .undefined = self { true } else { false }
  }

  /// The value as an integer: integers, true and false.
  var wholeNumber: Int? {
    switch self {
    case .integer(let value): value
    case .bool(let value): value ? 1 : 0
    default: nil
    }
  }

  /// The value as a floating-point number.
  var number: Double? {
    if case .float(let value) = self { value } else { wholeNumber.map { Double($0) } }
  }

  /// How deep values are nested in this one.
  var depth: Int {
    switch self {
    case .list(let items), .tuple(let items): items.depth
    case .dictionary(let dictionary): dictionary.depth
    case .view(let view): view.dictionary.depth + 1
    case .iterator(let iterator): iterator.depth
    case .loop(let loop): loop.depth
    case .method(let method): method.receiver.depth + 1
    case .cycler(let cycler): cycler.items.depth
    default: 0
    }
  }
}

/// The elements of a list or a tuple.
final class JinjaItems {
  let values: [JinjaValue]
  /// The names of a named tuple's elements; none for other tuples and lists.
  let names: [String]
  let depth: Int

  /// - Throws: when the values are nested too deep.
  init(_ values: [JinjaValue], names: [String] = []) throws {
    (self.values, self.names) = (values, names)
    depth = try JinjaItems.depth(of: values)
  }

  /// Deeper values are refused, since whoever prints, compares or frees one descends into it.
  static let deepest = 140

  static func depth(of values: some Sequence<JinjaValue>) throws -> Int {
    var depth = 0
    for value in values { depth = max(depth, value.depth) }
    if depth >= deepest { throw JinjaFault.tooMuch("values are nested more than \(deepest) deep") }
    return depth + 1
  }
}

/// A `dict`: entries in the order of their keys' first appearance.
final class JinjaDictionary {
  let entries: [(key: JinjaValue, value: JinjaValue)]
  let depth: Int
  private let places: [JinjaKey: Int]

  /// A repeated key keeps its place and takes the last value.
  /// - Throws: when a key is a list or another value that changes, or values are nested too deep.
  init(_ pairs: [(key: JinjaValue, value: JinjaValue)]) throws {
    var entries: [(key: JinjaValue, value: JinjaValue)] = []
    var places: [JinjaKey: Int] = [:]
    for (key, value) in pairs {
      let hashed = try JinjaKey(key)
      if let place = places[hashed] {
        entries[place].value = value
      } else {
        places[hashed] = entries.count
        entries.append((key, value))
      }
    }
    self.entries = entries
    self.places = places
    depth = try max(JinjaItems.depth(of: entries.lazy.map(\.value)), JinjaItems.depth(of: entries.lazy.map(\.key)))
  }

  subscript(_ key: JinjaKey) -> JinjaValue? { places[key].map { entries[$0].value } }

  subscript(_ key: String) -> JinjaValue? { self[.string(Array(key.utf8))] }
}

/// What may be a key of a dictionary: what Python can hash. Numbers that are equal are one key.
enum JinjaKey: Hashable {
  case undefined, null
  case integer(Int)
  case float(Double)
  case string([UInt8])
  case tuple([JinjaKey])

  init(_ value: JinjaValue) throws {
    switch value.unmarked {
    case .undefined: self = .undefined
    case .null: self = .null
    case .bool, .integer: self = .integer(value.wholeNumber!)
    case .float(let value): self = Int(exactly: value).map { .integer($0) } ?? .float(value)
    case .string(let bytes): self = .string(bytes)
    case .tuple(let items): self = .tuple(try items.values.map { try JinjaKey($0) })
    default: throw JinjaFault("a value of type \(value.type) cannot be a key", code: .invalidValue)
    }
  }
}

/// The numbers of `range(…)`.
struct JinjaRange {
  let start: Int
  let stop: Int
  let step: Int
  let count: Int

  subscript(_ index: Int) -> JinjaValue { .integer(start + index * step) }

  func slice(_ part: (first: Int, end: Int, step: Int)) -> JinjaRange {
    let distance = part.step > 0 ? part.end - part.first : part.first - part.end
    return JinjaRange(
      start: start + part.first * step, stop: start + part.end * step, step: step * part.step,
      count: distance <= 0 ? 0 : (distance - 1) / abs(part.step) + 1)
  }
}

/// A view of a dictionary.
struct JinjaView {
  enum Kind: String {
    case items, keys, values
  }

  let dictionary: JinjaDictionary
  let kind: Kind

  func values() throws -> [JinjaValue] {
    try dictionary.entries.map { entry in
      switch kind {
      case .items: .tuple(try JinjaItems([entry.key, entry.value]))
      case .keys: entry.key
      case .values: entry.value
      }
    }
  }
}

/// Values that can be iterated once.
final class JinjaIterator {
  private(set) var rest: ArraySlice<JinjaValue>
  let depth: Int

  init(_ values: [JinjaValue]) throws {
    rest = values[...]
    depth = try JinjaItems.depth(of: values)
  }

  func next() -> JinjaValue? { rest.popFirst() }

  func takeAll() -> [JinjaValue] {
    defer { rest = [] }
    return Array(rest)
  }
}

/// What `namespace()` gives: names whose values a template may change.
final class JinjaNamespace {
  var members: [String: JinjaValue]

  init(_ members: [String: JinjaValue]) { self.members = members }
}

/// A method with the value that it belongs to.
final class JinjaMethod {
  let receiver: JinjaValue
  let name: String

  init(_ receiver: JinjaValue, _ name: String) {
    self.receiver = receiver
    self.name = name
  }
}

/// A macro with the names that it sees.
final class JinjaMacro {
  let definition: JinjaMacroDefinition
  let scope: JinjaScope

  init(_ definition: JinjaMacroDefinition, _ scope: JinjaScope) {
    self.definition = definition
    self.scope = scope
  }
}

/// What `cycler(…)` gives: it hands out its values in turn.
final class JinjaCycler {
  let items: JinjaItems
  private(set) var place = 0

  init(_ items: JinjaItems) { self.items = items }

  var current: JinjaValue { items.values[place] }

  func next() -> JinjaValue {
    defer { place = (place + 1) % items.values.count }
    return current
  }

  func reset() { place = 0 }
}

/// What `joiner(…)` gives: nothing when it is called first, and its separator from then on.
final class JinjaJoiner {
  private let separator: JinjaValue
  private var isUsed = false

  init(_ separator: JinjaValue) { self.separator = separator }

  func next() -> JinjaValue {
    defer { isUsed = true }
    return isUsed ? separator : .string([])
  }
}

/// The names of a template, a loop body or a macro.
final class JinjaScope {
  var names: [String: JinjaValue] = [:]
  let parent: JinjaScope?

  init(_ parent: JinjaScope?) { self.parent = parent }

  subscript(_ name: String) -> JinjaValue? {
    var scope: JinjaScope? = self
    while let here = scope {
      if let value = here.names[name] { return value }
      scope = here.parent
    }
    return nil
  }
}
