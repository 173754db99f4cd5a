import Foundation
import MohawkFiles
import MohawkModels
import MohawkText

/// A conversation in messages: a chat template turns them into text, and the model's state is carried from one answer
/// to the next, so that only what is new is read.
///
/// Where a template writes earlier messages anew, differently from how they were said, the state after the longest
/// unchanged beginning comes from the generator's prefix cache. Not `Sendable`.
public final class ChatSession {
  /// What somebody said.
  public struct Message: Codable, Sendable, Equatable {
    /// `system`, `user` or `assistant`.
    public var role: String
    /// The words.
    public var content: String

    /// Words of somebody.
    public init(role: String, content: String) { (self.role, self.content) = (role, content) }
  }

  /// What continues the text.
  public let generator: TextGenerator
  /// What turns messages into text.
  public let template: ChatTemplate
  /// What comes before all messages; nil for nothing. It may change between answers.
  public var system: String?
  /// What the user and the model said, in turn.
  public private(set) var messages: [Message] = []
  private var conversation: Conversation
  /// What the conversation's tokens say.
  private var text = ""

  /// A conversation that begins.
  public init(_ generator: TextGenerator, _ template: ChatTemplate, system: String? = nil) {
    (self.generator, self.template, self.system) = (generator, template, system)
    conversation = Conversation(generator.engine)
  }

  /// How many tokens the conversation has.
  public var tokenCount: Int { conversation.ids.count }
  /// Bytes of what the model remembers of them.
  public var stateBytes: Int { conversation.state.byteCount }

  /// Says something to the model and hears its answer; both become part of the conversation, also when the answer was
  /// cancelled.
  /// - Parameters:
  ///   - content: what the user says.
  ///   - limit: tokens of the answer at most.
  ///   - options: how tokens are chosen.
  ///   - stops: strings that end the answer.
  ///   - emit: receives the answer piece by piece; returns false to cancel it.
  /// - Throws: `MohawkError` when the template refuses the message, the conversation has no room in the model, or an
  ///   option is out of its range; the message is then not part of the conversation.
  public func send(
    _ content: String, limit: Int, options: SamplingOptions, stops: [String] = [],
    emit: (String) -> Bool = { _ in true }
  ) throws -> TextGenerator.Result {
    let question = Message(role: "user", content: content)
    let said = [system.map { Message(role: "system", content: $0) }].compactMap { $0 } + messages + [question]
    let prompt = try template.render(messages: said.map { ChatMessage(role: $0.role, content: $0.content) })
    try take(up: prompt)
    let result: TextGenerator.Result
    do {
      let end = conversation.ids.count
      result = try generator.generate(
        continuing: conversation, borders: [end], limit: limit, options: options, stops: stops, emit: emit)
    } catch {
      forgetState()
      throw error
    }
    text = prompt + result.text
    messages += [question, Message(role: "assistant", content: result.text)]
    return result
  }

  /// Begins anew, with the same system message.
  public func reset() {
    messages = []
    forgetState()
  }

  private func forgetState() {
    (conversation, text) = (Conversation(generator.engine), "")
  }

  /// Makes the conversation one whose tokens say `prompt`, with as much of it read as can be.
  private func take(up prompt: String) throws {
    let whole = try Prompt.ids(prompt, generator.tokenizer)
    if whole.count > conversation.ids.count, whole.starts(with: conversation.ids) {
      conversation.append(whole.dropFirst(conversation.ids.count))
    } else if let rest = rest(of: prompt) {
      conversation.append(generator.tokenizer.encode(rest))
    } else {
      conversation = generator.conversation(whole)
    }
    text = prompt
  }

  /// What the prompt adds to the text so far, when it begins with a token of its own, so that no token can stand across
  /// the border. The model's own tokens are then kept as they are: its answer, encoded anew, might become others.
  private func rest(of prompt: String) -> String? {
    guard !text.isEmpty, prompt.utf8.starts(with: text.utf8) else { return nil }
    let rest = String(decoding: prompt.utf8.dropFirst(text.utf8.count), as: UTF8.self)
    let begins = generator.tokenizer.addedTokens.contains { rest.utf8.starts(with: $0.content.utf8) }
    return begins ? rest : nil
  }
}

// MARK: files

extension ChatSession {
  /// What a state's file keeps beside the state.
  private struct Note: Codable {
    var system: String?
    var messages: [Message]
    var text: String
  }

  /// Writes the conversation and the model's state of it.
  /// - Throws: `MohawkError` when the file cannot be written.
  public func save(to path: String) throws {
    let encoder = JSONEncoder()
    encoder.outputFormatting = .sortedKeys
    let note = try encoder.encode(Note(system: system, messages: messages, text: text))
    try StateFile.write(
      conversation, of: generator.engine, note: String(decoding: note, as: UTF8.self), to: path)
  }

  /// Goes on with a conversation that was saved.
  /// - Throws: `MohawkError` when the file is missing, damaged, of another model, or has no messages; this conversation
  ///   then stays as it is.
  public func load(_ path: String) throws {
    let file = try StateFile.read(path, for: generator.engine)
    guard let note = file.note else {
      throw MohawkError(
        .mismatch, "this state holds a text and no messages", at: path, remedy: "continue it with mohawk generate")
    }
    guard let read = try? JSONDecoder().decode(Note.self, from: Data(note.utf8)) else {
      throw MohawkError(.invalidFormat, "the messages in this state are damaged", at: path, remedy: "save it again")
    }
    (system, messages, text, conversation) = (read.system, read.messages, read.text, file.conversation)
  }
}
