/// A piece of a template, as the parser sees it.
struct JinjaToken: Sendable {
  enum Kind: Sendable, Equatable {
    /// Text outside of all tags.
    case data([UInt8])
    /// `{%`, `%}`, `{{` and `}}`.
    case blockBegin, blockEnd, variableBegin, variableEnd
    case name(String)
    case string([UInt8])
    case integer(Int)
    case float(Double)
    /// One of `+ - / // * % ** ~ [ ] ( ) { } == != > >= < <= = . : | , ;`.
    case symbol(String)
    case end
  }

  let kind: Kind
  let line: Int

  /// What this is, for an error message.
  var summary: String {
    switch kind {
    case .data: "text"
    case .blockBegin: "{%"
    case .blockEnd: "%}"
    case .variableBegin: "{{"
    case .variableEnd: "}}"
    case .name(let name): String(name.prefix(40))
    case .string: "a string"
    case .integer(let value): "\(value)"
    case .float(let value): "\(value)"
    case .symbol(let symbol): symbol
    case .end: "the end of the template"
    }
  }
}
