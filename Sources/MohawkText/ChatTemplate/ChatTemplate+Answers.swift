import Foundation
import MohawkFiles

extension ChatTemplate {
  /// The text of a finished conversation, and what of it the assistant writes.
  ///
  /// A template with `{% generation %}` blocks says it itself, as for transformers' `return_assistant_tokens_mask`. With
  /// any other, the text up to an answer, the generation prompt included, is rendered on its own, and the text up to the
  /// answer's end; where one of these is not the beginning of the whole text, it is refused.
  /// - Parameters:
  ///   - messages: the conversation, oldest first.
  ///   - tools: descriptions of tools the model may call, an array of JSON objects.
  ///   - variables: more names that the template knows.
  ///   - time: what `strftime_now` tells.
  /// - Returns: the text, and ranges of its UTF-8 in ascending order.
  /// - Throws: `MohawkError` when the template refuses the conversation, or does not tell what the assistant writes.
  public func renderWithAnswers(
    messages: [ChatMessage], tools: JSONValue? = nil, variables: [String: JSONValue] = [:], time: Date = Date()
  ) throws -> (text: String, answers: [Range<Int>]) {
    let time = JinjaTime(time)
    func rendering(_ count: Int, prompted: Bool = false) throws -> Rendering {
      try render(
        Array(messages.prefix(count)), prompted, tools, variables, time, limits: JinjaInterpreter.Limits())
    }
    let whole = try rendering(messages.count)
    if marksAnswers {
      guard !whole.hasUnplacedGeneration else {
        throw unclear("has {% generation %} blocks inside macros, filters or set blocks, where they have no place")
      }
      return (whole.text, whole.generated)
    }
    let text = Array(whole.text.utf8)
    var answers: [Range<Int>] = []
    for (index, message) in messages.enumerated() where message.role == "assistant" {
      let before = Array(try rendering(index, prompted: true).text.utf8)
      let after = index + 1 == messages.count ? text : Array(try rendering(index + 1).text.utf8)
      guard text.starts(with: after), after.starts(with: before) else {
        throw unclear("writes message \(index + 1) of a conversation otherwise when more follows it")
      }
      if before.count < after.count { answers.append(before.count..<after.count) }
    }
    return (whole.text, answers)
  }

  private func unclear(_ what: String) -> MohawkError {
    MohawkError(
      .unsupported, "the chat template \(what), so that it is not known what the assistant writes", at: location,
      remedy:
        "put {% generation %} and {% endgeneration %} around the answers in it, or learn from all tokens (data.lossOn=all)"
    )
  }
}
