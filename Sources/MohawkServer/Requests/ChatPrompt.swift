import MohawkFiles
import MohawkText

/// What a request says for the chat template: a conversation, tools, and more names.
struct ChatPrompt {
  let messages: [ChatMessage]
  let tools: JSONValue?
  let variables: [String: JSONValue]
  let addsGenerationPrompt: Bool

  /// - Throws: `APIError` for the first thing that is not as it must be.
  init(_ fields: RequestFields) throws(APIError) {
    messages = try Self.messages(fields)
    tools = try Self.tools(fields)
    variables = try Self.variables(fields)
    addsGenerationPrompt = try fields.bool("add_generation_prompt", default: true)
    if try fields.bool("continue_final_message", default: false) {
      throw .invalid("continue_final_message", "is not supported: the chat template ends every message")
    }
    if fields["chat_template"] != nil {
      throw .invalid("chat_template", "is not supported: the model's own template is used")
    }
  }

  /// The text that the template makes of it.
  func text(_ template: ChatTemplate) throws(APIError) -> String {
    do {
      return try template.render(
        sent: messages(for: template), addGenerationPrompt: addsGenerationPrompt, tools: tools, variables: variables)
    } catch let error as MohawkError {
      throw APIError(error, parameter: "messages")
    } catch {
      throw APIError(500, "the chat template failed: \(error)", type: "server_error")
    }
  }

  /// The messages as a template knows them: what newer clients call 'developer' is what templates call 'system', unless
  /// the template speaks of developers itself.
  private func messages(for template: ChatTemplate) -> [ChatMessage] {
    if template.source.contains("developer") { return messages }
    return messages.map { message in
      ChatMessage(
        members: message.members.map { key, value in
          (key, key == "role" && value.text == "developer" ? JSONValue("system") : value)
        })
    }
  }

  private static func messages(_ fields: RequestFields) throws(APIError) -> [ChatMessage] {
    guard let value = fields["messages"] else { throw .invalid("messages", "is missing") }
    guard case .array(let values) = value, !values.isEmpty else {
      throw .invalid("messages", "must be a list of at least one message, not \(value.summary)")
    }
    guard values.count <= 4_096 else { throw .invalid("messages", "has more than 4096 messages") }
    var messages: [ChatMessage] = []
    for value in values { messages.append(try message(value)) }
    return messages
  }

  private static func message(_ value: JSONValue) throws(APIError) -> ChatMessage {
    guard case .object(let members) = value else {
      throw .invalid("messages", "must hold objects, not \(value.summary)")
    }
    guard let role = value["role"]?.text, !role.isEmpty else {
      throw .invalid("messages", "holds a message whose 'role' is not a string")
    }
    var result: [(key: String, value: JSONValue)] = []
    var hasContent = false
    for (key, value) in members {
      let name = String(decoding: key, as: UTF8.self)
      if name == "content", !value.isNull {
        hasContent = true
        result.append((name, try content(value)))
      } else {
        result.append((name, value))
      }
    }
    if !hasContent, value["tool_calls"]?.isNull ?? true {
      throw .invalid("messages", "holds a message of '\(role.prefix(40))' without content")
    }
    return ChatMessage(members: result)
  }

  /// Content is a text, or parts that are texts.
  private static func content(_ value: JSONValue) throws(APIError) -> JSONValue {
    if value.text != nil { return value }
    guard case .array(let parts) = value else {
      throw .invalid("messages", "holds content that is neither a string nor a list of parts, but \(value.summary)")
    }
    var result: [JSONValue] = []
    for part in parts {
      guard let piece = text(ofPart: part) else {
        throw .invalid("messages", "holds a part that is not text; models here read text only")
      }
      result.append(.members(["type": JSONValue("text"), "text": JSONValue(piece)]))
    }
    return .array(result)
  }

  private static func text(ofPart part: JSONValue) -> String? {
    switch part["type"]?.text {
    case "text", "input_text", "output_text": part["text"]?.text
    case "refusal": part["refusal"]?.text
    default: part.text
    }
  }

  private static func tools(_ fields: RequestFields) throws(APIError) -> JSONValue? {
    for name in ["functions", "function_call"] where fields[name] != nil {
      throw .invalid(name, "is not supported: describe functions in 'tools', for the chat template")
    }
    let choice = fields["tool_choice"].map { $0.text ?? "" }
    guard choice == nil || choice == "auto" || choice == "none" else {
      throw .invalid("tool_choice", "must be 'auto' or 'none': nothing forces a model here to call a tool")
    }
    guard let tools = fields["tools"] else { return nil }
    guard case .array(let values) = tools else { throw .invalid("tools", "must be a list, not \(tools.summary)") }
    return values.isEmpty || choice == "none" ? nil : tools
  }

  /// Names that a template may know: fields of their own, and whatever `chat_template_kwargs` holds, which counts more.
  private static func variables(_ fields: RequestFields) throws(APIError) -> [String: JSONValue] {
    var variables: [String: JSONValue] = [:]
    for name in ["documents", "reasoning_effort"] { variables[name] = fields[name] }
    guard let value = fields["chat_template_kwargs"] else { return variables }
    guard case .object(let members) = value else {
      throw .invalid("chat_template_kwargs", "must be an object, not \(value.summary)")
    }
    for (key, value) in members { variables[String(decoding: key, as: UTF8.self)] = value }
    return variables
  }
}
