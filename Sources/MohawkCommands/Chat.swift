import ArgumentParser
import Foundation
import MohawkFiles
import MohawkServing
import MohawkText
import MohawkTraining

/// Talks with a model in the terminal.
package struct Chat: ParsableCommand, ReadsCheckpoints {
  package static let configuration = CommandConfiguration(
    abstract: "Talks with a model in the terminal.",
    discussion: """
      A line is a message. Ctrl-C interrupts the answer, a second one ends. Lines from a file or a pipe work too.

      \(ChatCommand.overview)
      """)

  @Argument(
    help: "A model: a folder with config.json, model.safetensors, tokenizer.json, a chat template, or a GGUF file.")
  var model: String
  @Option(parsing: .unconditional, help: "What the model is told before all messages.") var system: String?
  @Option(help: "A Jinja file with a chat template, for a model without one.") var template: String?
  @Option(name: .customLong("tokens"), help: "Tokens of an answer at most.") var limit = 512
  @Option(
    name: .customLong("cache-mib"), help: "MiB for states of earlier messages, for templates that write those anew.")
  var cacheMiB = 256
  @OptionGroup var sampling: SamplingFlags
  @OptionGroup var engine: EngineFlags
  @OptionGroup package var reading: CheckpointFlags
  package var modelPaths: [WritableKeyPath<Self, String>] { [\.model] }
  package var optionalModelPaths: [WritableKeyPath<Self, String?>] { [\.engine.draft.draft] }

  package init() {}

  package func run() throws {
    guard limit > 0 else { throw MohawkError(.invalidValue, "--tokens is \(limit), it must be above 0") }
    guard (0...1 << 20).contains(cacheMiB) else {
      throw MohawkError(.invalidValue, "--cache-mib is \(cacheMiB), it must be from 0 to 1048576")
    }
    var options = try sampling.options()
    let chatTemplate = try readTemplate()
    let generator = try engine.generator(model, cache: PrefixCache(byteBudget: cacheMiB << 20))
    let session = ChatSession(generator, chatTemplate, system: system)
    let isTerminal = isatty(STDIN_FILENO) == 1 && isatty(STDOUT_FILENO) == 1
    if isTerminal { Terminal.say("/help tells what can be typed.") }
    while true {
      if isTerminal { Terminal.stream("> ") }
      guard let line = readLine() else { break }
      do {
        switch try ChatCommand(line) {
        case .say(let words):
          try answer(words, session, options)
          options.seed &+= 1  // the same message twice is not the same draw twice
        case .nothing: continue
        case .reset: session.reset()
        case .system(let text): session.system = text
        case .save(let path):
          try session.save(to: path)
          tell(path, session)
        case .load(let path):
          try session.load(path)
          tell(path, session)
        case .help: Terminal.say(ChatCommand.overview)
        case .quit: return
        }
      } catch let error as MohawkError {
        // A mistake in one line ends the talk only where nobody is there to mend it.
        guard isTerminal else { throw error }
        Terminal.complain("mohawk: \(error)")
      }
    }
    if isTerminal { Terminal.say("") }
  }

  private func readTemplate() throws -> ChatTemplate {
    if let template {
      let source = String(decoding: try TextFile.bytes(template), as: UTF8.self)
      let tokenizer = try Tokenizer(folder: model)
      let names = [
        ("bos_token", tokenizer.beginningOfText), ("eos_token", tokenizer.endOfText), ("pad_token", tokenizer.padding),
      ]
      let tokens = names.compactMap { name, id in id.flatMap { tokenizer.token($0) }.map { (name: name, token: $0) } }
      return try ChatTemplate(source, tokens: tokens, location: template)
    }
    guard let found = try ChatTemplate.ofFolder(model) else {
      throw MohawkError(
        .missingFile, "the model has no chat template, neither chat_template.jinja nor in tokenizer_config.json",
        at: model, remedy: "give one with --template FILE, or continue texts with mohawk generate")
    }
    return found
  }

  private func tell(_ path: String, _ session: ChatSession) {
    let size = String(format: "%.1f MiB", Double(session.stateBytes) / 1_048_576)
    Terminal.complain("[\(path): \(session.messages.count) messages, \(session.tokenCount) tokens, a state of \(size)]")
  }

  private func answer(_ words: String, _ session: ChatSession, _ options: SamplingOptions) throws {
    StopSignal.install()
    defer { StopSignal.uninstall() }
    let result = try session.send(words, limit: limit, options: options, stops: sampling.stop) {
      Terminal.stream($0)
      return !StopSignal.isRequested
    }
    Terminal.say("")
    var line = SpeedLine.text(result)
    if result.proposed > 0 { line += ", \(result.accepted) of \(result.proposed) proposals accepted" }
    if result.finish == .cancelled { line += ", interrupted" }
    Terminal.complain("[\(line)]")
  }
}

/// What a line means.
enum ChatCommand: Equatable {
  case say(String)
  case nothing, reset, help, quit
  case system(String?)
  case save(String)
  case load(String)

  static let overview = """
    /system TEXT  tells the model something before all messages; without TEXT nothing
    /reset        forgets all messages
    /save FILE    keeps the conversation and the model's state of it in a file
    /load FILE    goes on with one that was kept
    /help         this
    /quit         ends, as the end of the input does
    """

  /// - Throws: `MohawkError` for a line that begins with `/` and is no command.
  init(_ line: String) throws {
    let text = line.trimmingCharacters(in: .whitespaces)
    guard text.hasPrefix("/") else {
      self = text.isEmpty ? .nothing : .say(line)
      return
    }
    let parts = text.split(separator: " ", maxSplits: 1)
    let name = String(parts[0])
    let rest = parts.count > 1 ? parts[1].trimmingCharacters(in: .whitespaces) : ""
    switch (name, rest.isEmpty) {
    case ("/reset", true): self = .reset
    case ("/help", true): self = .help
    case ("/quit", true): self = .quit
    case ("/system", _): self = .system(rest.isEmpty ? nil : rest)
    case ("/save", false): self = .save(rest)
    case ("/load", false): self = .load(rest)
    case ("/save", true), ("/load", true): throw MohawkError(.invalidValue, "\(name) needs the name of a file")
    default: throw MohawkError(.unknownKey, "there is no command '\(text)'", remedy: "/help lists them")
    }
  }
}
