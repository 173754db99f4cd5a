import Foundation
import MohawkFiles

extension ChatTemplate {
  /// The text of a conversation as clients of OpenAI's protocol send it: the arguments of tool calls are JSON text, and
  /// content is text or a list of parts of text.
  ///
  /// The template gets arguments as objects, unless it fails on them or would print them as Python does, and parts as
  /// they are, unless it fails on them, prints them or loses text; then their texts are joined by line breaks. A template
  /// that loses what the user says as text gets it in parts. Messages without content have an empty one where a template
  /// fails without.
  /// - Parameters:
  ///   - messages: the conversation, oldest first.
  ///   - addGenerationPrompt: whether the text ends with what begins the assistant's answer.
  ///   - tools: descriptions of tools the model may call, an array of JSON objects.
  ///   - variables: more names that the template knows.
  ///   - time: what `strftime_now` tells.
  /// - Throws: `MohawkError` when the arguments of a tool call are no JSON, or the template refuses the conversation.
  public func render(
    sent messages: [ChatMessage], addGenerationPrompt: Bool = true, tools: JSONValue? = nil,
    variables: [String: JSONValue] = [:], time: Date = Date()
  ) throws -> String {
    let conversation = try NormalisedConversation(messages)
    var best: (text: String, score: Int)?
    var refusal: MohawkError?
    for fillsContent in conversation.lacksContent ? [false, true] : [false] {
      for content in conversation.contents {
        for arguments in conversation.arguments.isEmpty
          ? [NormalisedConversation.Arguments.objects] : [.objects, .text]
        {
          do {
            let text = try render(
              messages: conversation.messages(content, arguments, fillsContent: fillsContent),
              addGenerationPrompt: addGenerationPrompt, tools: tools, variables: variables, time: time)
            let judge = RenderedConversation(text, of: conversation, content, arguments)
            if judge.isWhole { return text }
            if best.map({ judge.score > $0.score }) ?? true { best = (text, judge.score) }
          } catch let error as MohawkError {
            if error.code == .outOfRange { throw error }
            // What is wrong with the plainest form says most.
            if refusal == nil || (content == .text && arguments == .objects && !fillsContent) { refusal = error }
          }
        }
      }
      if let best { return best.text }
    }
    throw refusal ?? MohawkError(.invalidValue, "the chat template writes nothing", at: location)
  }
}

/// What a template made of a conversation: whether it wrote all that was said, and nothing as Python prints it.
private struct RenderedConversation {
  /// How many of the texts it wrote; below 0 when it printed lists or objects.
  let score: Int
  /// Whether nothing is missing that another form could bring.
  let isWhole: Bool

  init(
    _ text: String, of conversation: NormalisedConversation, _ content: NormalisedConversation.Content,
    _ arguments: NormalisedConversation.Arguments
  ) {
    let bytes = Array(text.utf8)
    var printed = conversation.lists(content).flatMap {
      [try? JinjaInterpreter.printed($0), try? JinjaInterpreter.json($0)]
    }
    if arguments == .objects {
      printed += conversation.arguments.map { arguments in
        // Where Python prints what JSON says, too, nothing is wrong.
        guard case .object(let members) = arguments, !members.isEmpty,
          let printed = try? JinjaInterpreter.printed(arguments), printed != (try? JinjaInterpreter.json(arguments))
        else { return nil }
        return printed
      }
    }
    if printed.contains(where: { $0.map { PythonText.find($0, in: bytes) != nil } ?? false }) {
      (score, isWhole) = (-1, false)
      return
    }
    var places: [String: Int] = [:]
    var (found, missing) = (0, 0)
    var dropsUserText = false
    for (role, said) in conversation.texts where missing < 8 {
      if let place = PythonText.find(said, in: bytes, from: places[role] ?? 0) {
        places[role] = place + said.count
        found += 1
      } else {
        missing += 1
        if role == "user" { dropsUserText = true }
      }
    }
    // Templates drop what assistants thought; of text that was sent as text, the user's must be there.
    (score, isWhole) = (found, conversation.hasParts && content != .text ? missing == 0 : !dropsUserText)
  }
}
