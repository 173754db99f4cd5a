import Foundation
import MohawkFiles

/// Turns a conversation into the text that a model was trained on, by the template that comes with its tokenizer.
///
/// Templates are Jinja programs. This is an engine of its own for what published chat templates use; it renders them
/// as `transformers` does (`trim_blocks`, `lstrip_blocks`, loop controls, `tojson` without escapes, `generation`
/// blocks, no changes to lists and dictionaries). What it does not know it refuses by name and line. A template can
/// neither hang nor crash: steps, memory and depth are bounded.
public struct ChatTemplate: Sendable {
  private let statements: [JinjaStatement]
  /// The template for conversations with tools, when it is another one.
  private let toolStatements: [JinjaStatement]?
  private let tokens: [(name: String, token: String)]
  /// Whether a conversation's answers stand in `{% generation %}` blocks.
  let marksAnswers: Bool
  /// The Jinja text.
  public let source: String
  /// Where the template comes from, for messages.
  public let location: String

  /// Reads a template.
  /// - Parameters:
  ///   - source: the Jinja text.
  ///   - tools: another template for conversations with tools, where a model has one.
  ///   - tokens: names of special tokens, such as `bos_token`, with their texts.
  ///   - location: what to call the template in messages.
  /// - Throws: `MohawkError` when the template is not well formed, or asks for what is not supported here.
  public init(
    _ source: String, tools: String? = nil, tokens: [(name: String, token: String)] = [], location: String
  ) throws {
    self.source = source
    self.location = location
    self.tokens = tokens
    marksAnswers = [source, tools].contains { $0?.contains(/\{%[-+]?\s*generation\s*[-+]?%\}/) ?? false }
    do {
      statements = try JinjaParser.statements(source)
      toolStatements = try tools.map { try JinjaParser.statements($0) }
    } catch let fault as JinjaFault {
      throw fault.error(at: location)
    }
  }

  /// The text of a conversation.
  /// - Parameters:
  ///   - messages: the conversation, oldest first.
  ///   - addGenerationPrompt: whether the text ends with what begins the assistant's answer.
  ///   - tools: descriptions of tools the model may call, an array of JSON objects.
  ///   - variables: more names that the template knows, such as `enable_thinking`; they go before special tokens.
  ///   - time: what `strftime_now` tells.
  /// - Throws: `MohawkError` when the template refuses the conversation, fails, or takes too long.
  public func render(
    messages: [ChatMessage], addGenerationPrompt: Bool = true, tools: JSONValue? = nil,
    variables: [String: JSONValue] = [:], time: Date = Date()
  ) throws -> String {
    try render(
      messages, addGenerationPrompt, tools, variables, JinjaTime(time), limits: JinjaInterpreter.Limits()
    ).text
  }

  /// A conversation as a template writes it.
  struct Rendering {
    var text: String
    /// Where its `{% generation %}` blocks stand, in bytes of UTF-8.
    var generated: [Range<Int>]
    /// Whether it has such blocks whose place is not known.
    var hasUnplacedGeneration: Bool
  }

  func render(
    _ messages: [ChatMessage], _ addGenerationPrompt: Bool, _ tools: JSONValue?, _ variables: [String: JSONValue],
    _ time: JinjaTime, limits: JinjaInterpreter.Limits
  ) throws -> Rendering {
    do {
      var context: [String: JinjaValue] = [:]
      for (name, token) in tokens { context[name] = .text(token) }
      for (name, value) in variables { context[name] = try JinjaValue(value) }
      context["messages"] = .list(try JinjaItems(try messages.map { try $0.value }))
      context["tools"] = try tools.map { try JinjaValue($0) } ?? JinjaValue.null
      if context["documents"] == nil { context["documents"] = .null }
      context["add_generation_prompt"] = .bool(addGenerationPrompt)
      let chosen = tools == nil || tools?.isNull == true ? statements : toolStatements ?? statements
      let interpreter = JinjaInterpreter(limits: limits, now: time)
      let text = String(decoding: try interpreter.render(chosen, context), as: UTF8.self)
      return Rendering(
        text: text, generated: interpreter.generated, hasUnplacedGeneration: interpreter.hasUnplacedGeneration)
    } catch let fault as JinjaFault {
      throw fault.error(at: location)
    }
  }
}
