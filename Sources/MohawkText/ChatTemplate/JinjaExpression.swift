/// An expression of a template.
struct JinjaExpression: Sendable {
  indirect enum Kind: Sendable {
    case null
    case bool(Bool)
    case integer(Int)
    case float(Double)
    case string([UInt8])
    case name(String)
    case tuple([JinjaExpression])
    case list([JinjaExpression])
    case dictionary([(key: JinjaExpression, value: JinjaExpression)])
    case attribute(JinjaExpression, String)
    case item(JinjaExpression, JinjaExpression)
    case slice(JinjaExpression, from: JinjaExpression?, to: JinjaExpression?, step: JinjaExpression?)
    case call(JinjaExpression, JinjaArguments)
    /// Without an operand in `{% filter %}` and `{% set %}` blocks.
    case filter(JinjaExpression?, String, JinjaArguments)
    case test(JinjaExpression, String, JinjaArguments)
    case not(JinjaExpression)
    case sign(JinjaExpression, isMinus: Bool)
    case arithmetic(JinjaArithmetic, JinjaExpression, JinjaExpression)
    case and([JinjaExpression])
    case or([JinjaExpression])
    /// Joined by `~`.
    case concatenation([JinjaExpression])
    case comparison(JinjaExpression, [(operation: JinjaComparison, operand: JinjaExpression)])
    case conditional(test: JinjaExpression, then: JinjaExpression, otherwise: JinjaExpression?)
  }

  let kind: Kind
  let line: Int
  /// How many expressions are nested here, this one included.
  let depth: Int
}

/// The arguments of a call, a filter or a test.
struct JinjaArguments: Sendable {
  var positional: [JinjaExpression] = []
  var named: [(name: String, value: JinjaExpression)] = []
  /// `*value`: more arguments without a name.
  var morePositional: JinjaExpression?
  /// `**value`: more arguments with names.
  var moreNamed: JinjaExpression?

  var all: [JinjaExpression] {
    positional + named.map(\.value) + [morePositional, moreNamed].compactMap { $0 }
  }
}

enum JinjaArithmetic: String, Sendable {
  case add = "+"
  case subtract = "-"
  case multiply = "*"
  case divide = "/"
  case floorDivide = "//"
  case remainder = "%"
  case power = "**"
}

enum JinjaComparison: String, Sendable {
  case equal = "=="
  case notEqual = "!="
  case less = "<"
  case lessOrEqual = "<="
  case greater = ">"
  case greaterOrEqual = ">="
  case isIn = "in"
  case isNotIn = "not in"
}
