import MohawkFiles

/// Reads one document from a JSON object: the text under a key, or a conversation under `messages` or `conversations`, which
/// the model's chat template turns into text. What lies in other members does not matter.
struct JSONDocument {
  private let options: CorpusOptions
  private let template: ChatTemplate?

  /// - Throws: `MohawkError` when the chat template that the options name cannot be read.
  init(_ options: CorpusOptions) throws {
    self.options = options
    template = try options.chatFolder.flatMap { try ChatTemplate.ofFolder($0) }
  }

  /// A document's text. It is empty where the object has none, or null.
  struct Text {
    var bytes: [UInt8]
    /// Whether a template has put there what stands before a text.
    var isRendered = false
    /// The bytes that the assistant writes; nil where they are not asked for.
    var answers: [Range<Int>]?
  }

  /// Reads the object that comes next.
  /// - Parameter place: of the object, for errors.
  func text(_ reader: inout JSONReader, depth: Int, at place: String) throws -> Text {
    let key = Array(options.textKey.utf8)
    let path = options.textPath
    var text: [UInt8]?
    var nested: [UInt8]?
    var messages: JSONValue?
    var tools: JSONValue?
    guard try reader.peek() == UInt8(ascii: "{") else { throw fault("this is not a JSON object", place) }
    try reader.object(depth: depth) { reader, name in
      let member = Array(name)
      if path.count > 1, member == path[0] {
        nested = try self.nested(reader.value(depth: depth + 1), path.dropFirst(), place)
      } else if member == key {
        switch try reader.peek() {
        case UInt8(ascii: "\""): text = try reader.string()
        case UInt8(ascii: "n"):
          _ = try reader.value(depth: depth + 1)
          text = []
        default:
          let value = try reader.value(depth: depth + 1)
          throw fault("the member \"\(options.textKey)\" is \(value.summary), not a string", place)
        }
      } else if member == Array("messages".utf8) || member == Array("conversations".utf8) && messages == nil {
        messages = try reader.value(depth: depth + 1)
      } else if member == Array("tools".utf8) {
        tools = try reader.value(depth: depth + 1)
      } else {
        try reader.skip(depth: depth + 1)
      }
    }
    if let text = text ?? nested, messages == nil || !options.findsAnswers { return Text(bytes: text) }
    if let messages { return try rendered(messages, tools, place) }
    throw fault("the member \"\(options.textKey)\" is missing", place)
  }

  /// The text under the rest of a path; nil where that ends in nothing.
  private func nested(_ value: JSONValue, _ path: ArraySlice<[UInt8]>, _ place: String) throws -> [UInt8]? {
    var found: JSONValue? = value
    for key in path { found = found?[String(decoding: key, as: UTF8.self)] }
    switch found {
    case nil: return nil
    case .string(let text): return text
    case .null: return []
    case let other?: throw fault("the member \"\(options.textKey)\" is \(other.summary), not a string", place)
    }
  }

  /// A message as templates know it. What other programs call `from` and `value` is a role and what it says.
  private func message(_ entry: JSONValue, _ place: String) throws -> ChatMessage {
    guard case .object(var members) = entry else {
      throw fault("a message is \(entry.summary), not an object with a role", place)
    }
    if entry["role"] == nil, let name = entry["from"]?.text, let said = entry["value"] {
      guard let role = Self.roles[name] else {
        throw fault("a message is from \"\(name.prefix(40))\", which is no known role", place)
      }
      members.removeAll { $0.key == Array("from".utf8) || $0.key == Array("value".utf8) }
      members = [(Array("role".utf8), JSONValue(role)), (Array("content".utf8), said)] + members
    } else if entry["role"]?.text == nil {
      throw fault("a message is \(entry.summary), not an object with a role", place)
    }
    return ChatMessage(members: members.map { (String(decoding: $0.key, as: UTF8.self), $0.value) })
  }

  /// The names of ShareGPT's kind of files.
  private static let roles = [
    "human": "user", "user": "user", "gpt": "assistant", "assistant": "assistant", "chatgpt": "assistant",
    "model": "assistant", "system": "system", "tool": "tool", "observation": "tool", "function_response": "tool",
  ]

  private func rendered(_ value: JSONValue, _ tools: JSONValue?, _ place: String) throws -> Text {
    guard case .array(let entries) = value else {
      throw fault("the member \"messages\" is \(value.summary), not a list", place)
    }
    guard let template else {
      throw MohawkError(
        .unsupported, "this is a conversation, and there is no chat template to make a text of it", at: place,
        remedy: "use a model with a chat template, or give texts under \"\(options.textKey)\"")
    }
    let messages = try entries.map { try message($0, place) }
    if messages.isEmpty { return Text(bytes: []) }
    do {
      if options.findsAnswers {
        let (text, answers) = try template.renderWithAnswers(messages: messages, tools: tools)
        return Text(bytes: Array(text.utf8), isRendered: true, answers: answers)
      }
      return Text(
        bytes: Array(try template.render(messages: messages, addGenerationPrompt: false, tools: tools).utf8),
        isRendered: true)
    } catch let error as MohawkError {
      throw MohawkError(
        error.code, "the chat template cannot render this: \(error.message)", at: place, remedy: error.remedy)
    }
  }

  func fault(_ message: String, _ place: String) -> MohawkError {
    MohawkError(
      .invalidFormat, message, at: place,
      remedy: "every document must be an object like {\"\(options.textKey)\": \"...\"}; --text-key names another member"
    )
  }
}
