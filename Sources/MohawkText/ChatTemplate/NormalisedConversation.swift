import Foundation
import MohawkFiles

/// A conversation as clients of OpenAI's protocol send it, in the forms that templates may be written for.
///
/// Clients send the arguments of tool calls as JSON text and content as text or as parts of text. Most templates are
/// written for arguments that are objects, some for the text; most for content that is text, some walk through parts.
struct NormalisedConversation {
  /// What the content of messages becomes.
  enum Content {
    /// What was sent.
    case sent
    /// Parts stay parts in messages of users; in others they become text.
    case userContentInParts
    /// Parts become one text, with line breaks between them.
    case text
    /// Text becomes one part.
    case parts
  }

  /// What the arguments of tool calls become.
  enum Arguments {
    case objects, text
  }

  private let messages: [ChatMessage]

  /// - Throws: `MohawkError` when the arguments of a tool call are no JSON.
  init(_ messages: [ChatMessage]) throws {
    self.messages = try messages.map { message in
      guard message.role == "assistant" else { return message }
      return ChatMessage(
        members: try message.members.compactMap { key, value in
          guard key == "tool_calls", case .array(let calls) = value else { return (key, value) }
          return calls.isEmpty ? nil : (key, .array(try calls.map(Self.parsed)))
        })
    }
  }

  /// A tool call with its arguments as what their JSON says; missing ones are no arguments.
  private static func parsed(_ call: JSONValue) throws -> JSONValue {
    guard let function = call["function"], case .object = function else { return call }
    let arguments: JSONValue
    switch function["arguments"] {
    case .string(let bytes)? where !bytes.isEmpty:
      let name = function["name"]?.text ?? ""
      do {
        arguments = try JSONValue(json: String(decoding: bytes, as: UTF8.self))
      } catch let error as MohawkError {
        throw MohawkError(
          .invalidFormat, "the arguments of the tool call '\(name.prefix(60))' are no JSON: \(error.message)",
          remedy: "send them as they were answered, as a text of JSON")
      }
    case nil, .some(.null), .string?: arguments = .object([])
    case let value?: arguments = value
    }
    return call.replacing("function", by: function.replacing("arguments", by: arguments))
  }

  /// The content forms to try, the likeliest first.
  var contents: [Content] { hasParts ? [.sent, .userContentInParts, .text, .parts] : [.sent, .parts] }

  /// Whether any content was sent in parts.
  var hasParts: Bool { messages.contains { $0.parts != nil } }

  /// Whether any message has neither text nor parts.
  var lacksContent: Bool { messages.contains { $0.member("content")?.isNull ?? true } }

  /// The arguments of all tool calls.
  var arguments: [JSONValue] {
    messages.flatMap { message -> [JSONValue] in
      guard message.role == "assistant", case .array(let calls)? = message.member("tool_calls") else { return [] }
      return calls.compactMap { $0["function"]?["arguments"] }
    }
  }

  /// The texts of each role, in their order.
  var texts: [(role: String, text: [UInt8])] {
    messages.flatMap { message -> [(role: String, text: [UInt8])] in
      let pieces = message.parts?.map { $0["text"]?.text ?? "" } ?? [message.member("content")?.text ?? ""]
      return pieces.map { (message.role, PythonText.trimmed(Array($0.utf8))) }.filter { !$0.text.isEmpty }
    }
  }

  /// The lists that messages have as content in a form.
  func lists(_ content: Content) -> [JSONValue] {
    content == .text
      ? []
      : messages(content, .objects, fillsContent: false).compactMap { message in
        message.parts.map { .array($0) }
      }
  }

  /// The messages in a form.
  /// - Parameter fillsContent: whether messages without content get an empty text.
  func messages(_ content: Content, _ arguments: Arguments, fillsContent: Bool) -> [ChatMessage] {
    messages.map { message in
      var members = message.members.map { key, value -> (key: String, value: JSONValue) in
        switch key {
        case "content": (key, Self.content(value, in: content, of: message.role))
        case "tool_calls" where arguments == .text && message.role == "assistant": (key, Self.written(value))
        default: (key, value)
        }
      }
      if fillsContent, message.member("content")?.isNull ?? true {
        members.removeAll { $0.key == "content" }
        members.append(("content", JSONValue("")))
      }
      return ChatMessage(members: members)
    }
  }

  private static func content(_ value: JSONValue, in form: Content, of role: String) -> JSONValue {
    switch (value, form) {
    case (.array(let parts), .text),
      (.array(let parts), .userContentInParts) where role != "user" || form == .text:
      JSONValue(parts.map { $0["text"]?.text ?? "" }.joined(separator: "\n"))
    case (.string, .parts):
      .array([
        .object([(Array("type".utf8), JSONValue("text")), (Array("text".utf8), value)])
      ])
    default: value
    }
  }

  /// Tool calls whose arguments are JSON text.
  private static func written(_ calls: JSONValue) -> JSONValue {
    guard case .array(let calls) = calls else { return calls }
    return .array(
      calls.map { call in
        guard let function = call["function"], let arguments = function["arguments"], arguments.text == nil,
          let text = try? JinjaInterpreter.json(arguments)
        else { return call }
        return call.replacing("function", by: function.replacing("arguments", by: .string(text)))
      })
  }
}

extension ChatMessage {
  /// A member; nil when there is none.
  func member(_ name: String) -> JSONValue? { members.last { $0.key == name }?.value }

  /// Who speaks.
  var role: String { member("role")?.text ?? "" }

  /// The parts of its content; nil when that is no list.
  var parts: [JSONValue]? {
    if case .array(let parts)? = member("content") { parts } else { nil }
  }
}

extension JSONValue {
  /// The same object with another value for a member.
  fileprivate func replacing(_ name: String, by value: JSONValue) -> JSONValue {
    guard case .object(var members) = self else { return self }
    let key = Array(name.utf8)
    if let place = members.lastIndex(where: { $0.key == key }) {
      members[place].value = value
    } else {
      members.append((key, value))
    }
    return .object(members)
  }
}

extension JinjaInterpreter {
  /// JSON as Python writes it.
  static func json(_ value: JSONValue) throws -> [UInt8] {
    var writer = try JinjaJSONWriter(JinjaInterpreter(now: JinjaTime(Date())), JinjaCallValues())
    try writer.write(try JinjaValue(value))
    return writer.text
  }

  /// A value as Python prints it.
  static func printed(_ value: JSONValue) throws -> [UInt8] {
    try JinjaInterpreter(now: JinjaTime(Date())).printed(try JinjaValue(value))
  }
}
