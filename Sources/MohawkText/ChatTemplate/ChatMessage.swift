/// One message of a conversation, as a chat template sees it: an object with a role and, mostly, a content.
public struct ChatMessage: Sendable {
  /// The members in their order; `role` is among them.
  public let members: [(key: String, value: JSONValue)]

  /// A message of text.
  /// - Parameters:
  ///   - role: who speaks, such as `system`, `user`, `assistant` or `tool`.
  ///   - content: what is said.
  ///   - more: further members, such as `tool_calls` or `name`. Ones that are null are not there for the template.
  public init(role: String, content: String, more: [(key: String, value: JSONValue)] = []) {
    self.init(members: [("role", JSONValue(role)), ("content", JSONValue(content))] + more)
  }

  /// A message of any members, for one whose content is a list of parts, or that has only `tool_calls`.
  public init(members: [(key: String, value: JSONValue)]) { self.members = members }

  /// The message as templates are given it: without null members, and with the reasoning under each of its names.
  var value: JinjaValue {
    get throws {
      var members = try members.filter { !$0.value.isNull }.map { (key: $0.key, value: try JinjaValue($0.value)) }
      let reasoning = ["reasoning_content", "thinking", "reasoning"].lazy.compactMap { name in
        members.last { $0.key == name }?.value
      }.first
      if let reasoning {
        // A repeated key keeps its place and takes the last value.
        members.insert(("thinking", reasoning), at: 0)
        members.append(("reasoning_content", reasoning))
      }
      return .dictionary(try JinjaDictionary(members.map { (.text($0.key), $0.value) }))
    }
  }
}
