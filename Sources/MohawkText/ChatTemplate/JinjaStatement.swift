/// A part of a template: text, an output or a tag with its body.
indirect enum JinjaStatement: Sendable {
  case data([UInt8])
  case output(JinjaExpression)
  case condition([(test: JinjaExpression, body: [JinjaStatement])], otherwise: [JinjaStatement])
  case loop(JinjaLoop)
  case assign(JinjaTarget, JinjaExpression)
  /// `{% set name %}…{% endset %}`.
  case assignBody(JinjaTarget, filter: JinjaExpression?, body: [JinjaStatement])
  case macro(JinjaMacroDefinition)
  /// `{% call(parameters) macro(arguments) %}…{% endcall %}`: the macro may call the body, as `caller`.
  case callBlock(JinjaExpression, caller: JinjaMacroDefinition)
  case with([(target: JinjaTarget, value: JinjaExpression)], body: [JinjaStatement])
  /// `{% filter name %}…{% endfilter %}`.
  case filtered(JinjaExpression, body: [JinjaStatement])
  /// `{% generation %}…{% endgeneration %}`: marks what the model said; it is rendered as it is.
  case generation([JinjaStatement])
  case leave, next
}

/// `{% for target in items if filter %}…{% else %}…{% endfor %}`.
struct JinjaLoop: Sendable {
  let target: JinjaTarget
  let items: JinjaExpression
  let filter: JinjaExpression?
  let body: [JinjaStatement]
  let otherwise: [JinjaStatement]
  /// Whether the body may call the loop with other items: `{% for … recursive %}`.
  let isRecursive: Bool
}

/// `{% macro name(parameters) %}…{% endmacro %}`.
struct JinjaMacroDefinition: Sendable {
  /// Nil for the body of a `{% call %}` block.
  let name: String?
  let parameters: [(name: String, value: JinjaExpression?)]
  let body: [JinjaStatement]
  /// Whether the body speaks of the arguments that have no parameter.
  let takesMorePositional: Bool
  let takesMoreNamed: Bool
  /// Whether the body speaks of the `caller` that a `{% call %}` block gives, which is no parameter.
  let takesCaller: Bool
  let line: Int
}

/// What a value is assigned to.
indirect enum JinjaTarget: Sendable {
  case name(String)
  /// A member of a namespace.
  case member(String, String)
  case tuple([JinjaTarget])
}
