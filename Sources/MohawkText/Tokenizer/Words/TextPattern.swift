/// A regular expression of the kind that `tokenizer.json` files cut words with.
///
/// Supported are sequences, alternatives, groups (also `(?i:`), classes, `\s \S \d \D \p{..} \P{..}`, the quantifiers
/// `? * + {m,n}`, possessive ones, look-ahead, and `$`, with the meaning that Oniguruma gives them. What else there is
/// in regular expressions is refused by name. Such a pattern never matches the empty text.
struct TextPattern: Sendable {
  /// What a match is made of.
  indirect enum Node: Sendable {
    case set(ScalarSet)
    case sequence([Node])
    case alternatives([Node])
    /// Greedy; a possessive one never gives back what it took.
    case repeated(Node, least: Int, most: Int, possessive: Bool)
    case lookAhead(Node, negative: Bool)
    /// Before a line feed or at the end of the text.
    case lineEnd
  }

  /// One step of the compiled pattern.
  enum Instruction: Sendable {
    case set(ScalarSet)
    /// A run of one set's members, as long as possible; shorter ones are tried when the rest does not match.
    case run(ScalarSet, least: Int, most: Int, possessive: Bool)
    /// Goes on at `first`; if that fails, at `second`.
    case fork(first: Int, second: Int)
    case jump(Int)
    /// Goes on at `next` if the instructions that follow (not) lead to `accept`.
    case lookAhead(negative: Bool, next: Int)
    /// Takes what the instructions that follow match first, and goes on at `next`.
    case possessive(next: Int)
    case lineEnd
    case accept
  }

  /// Patterns that become more instructions than this are refused.
  private static let largest = 10_000.0

  let source: String
  let instructions: [Instruction]
  /// Whether a match can begin with a byte: true for all that are not ASCII.
  let canStart: [Bool]

  /// - Throws: `TextPatternFault` naming what is not supported.
  init(_ source: String) throws {
    var parser = TextPatternParser(source)
    let node = try parser.pattern()
    if node.canBeEmpty { throw TextPatternFault(message: "it can match the empty text") }
    if node.size > Self.largest { throw TextPatternFault(message: "it is too long") }
    self.init(source, node)
  }

  /// A pattern that matches `literal`, which must not be empty, as it is.
  init(literal: String) {
    self.init(literal, .sequence(literal.unicodeScalars.map { .set(ScalarSet($0.value)) }))
  }

  private init(_ source: String, _ node: Node) {
    self.source = source
    var compiler = TextPatternCompiler()
    compiler.emit(node)
    compiler.instructions.append(.accept)
    instructions = compiler.instructions
    let first = node.firstSets
    canStart = (0..<256).map { byte in
      byte >= 0x80 || first == nil || first!.contains { $0.contains(UInt32(byte)) }
    }
  }
}

/// Why a pattern is refused.
struct TextPatternFault: Error {
  let message: String
}

/// Turns a pattern's tree into instructions.
private struct TextPatternCompiler {
  var instructions: [TextPattern.Instruction] = []

  mutating func emit(_ node: TextPattern.Node) {
    switch node {
    case .set(let set): instructions.append(.set(set))
    case .lineEnd: instructions.append(.lineEnd)
    case .sequence(let parts): for part in parts { emit(part) }
    case .alternatives(let choices): emit(choices)
    case .lookAhead(let inner, let negative):
      let start = reserve()
      emit(inner)
      instructions.append(.accept)
      instructions[start] = .lookAhead(negative: negative, next: instructions.count)
    case .repeated(.set(let set), let least, let most, let possessive):
      instructions.append(.run(set, least: least, most: most, possessive: possessive))
    case .repeated(let inner, let least, let most, true):
      let start = reserve()
      emit(.repeated(inner, least: least, most: most, possessive: false))
      instructions.append(.accept)
      instructions[start] = .possessive(next: instructions.count)
    case .repeated(let inner, let least, let most, false):
      for _ in 0..<least { emit(inner) }
      if most == .max {
        let start = reserve()
        emit(inner)
        instructions.append(.jump(start))
        instructions[start] = .fork(first: start + 1, second: instructions.count)
      } else {
        var starts: [Int] = []
        for _ in least..<max(most, least) {
          starts.append(reserve())
          emit(inner)
        }
        for start in starts { instructions[start] = .fork(first: start + 1, second: instructions.count) }
      }
    }
  }

  private mutating func emit(_ choices: [TextPattern.Node]) {
    var ends: [Int] = []
    for choice in choices.dropLast() {
      let start = reserve()
      emit(choice)
      ends.append(reserve())
      instructions[start] = .fork(first: start + 1, second: instructions.count)
    }
    if let last = choices.last { emit(last) }
    for end in ends { instructions[end] = .jump(instructions.count) }
  }

  private mutating func reserve() -> Int {
    instructions.append(.accept)
    return instructions.count - 1
  }
}

extension TextPattern.Node {
  var canBeEmpty: Bool {
    switch self {
    case .set: false
    case .sequence(let parts): parts.allSatisfy(\.canBeEmpty)
    case .alternatives(let choices): choices.contains(where: \.canBeEmpty)
    case .repeated(let inner, let least, _, _): least == 0 || inner.canBeEmpty
    case .lookAhead, .lineEnd: true
    }
  }

  /// The sets of which the first character of a match must be one; nil when that is not known.
  var firstSets: [ScalarSet]? {
    switch self {
    case .set(let set): return [set]
    case .repeated(let inner, _, _, _): return inner.firstSets
    case .alternatives(let choices):
      let sets = choices.map(\.firstSets)
      return sets.contains { $0 == nil } ? nil : sets.flatMap { $0! }
    case .sequence(let parts):
      var found: [ScalarSet] = []
      for part in parts {
        guard let sets = part.firstSets else { return nil }
        found += sets
        if !part.canBeEmpty { return found }
      }
      return nil
    case .lookAhead, .lineEnd: return []
    }
  }
}
