import ArgumentParser
import Foundation
import MohawkFiles
import MohawkServing
import MohawkTensor
import MohawkText

/// Continues a text.
package struct Generate: ParsableCommand, ReadsCheckpoints {
  package static let configuration = CommandConfiguration(
    abstract: "Continues a text with a model, token by token.",
    discussion: """
      What the model remembers can be kept in a file and continued later, with or without more text: for a
      state-space model it is small however long the text is. A draft makes the text come faster where it is often right;
      with --temperature 0 it is the same text.
      """)

  @Argument(help: "A model: a folder with config.json, model.safetensors, tokenizer.json, or a GGUF file.") var model:
    String
  @Option(name: .shortAndLong, parsing: .unconditional, help: "The text to continue.") var prompt = ""
  @Option(help: "A file with the text to continue, which ends before the file's last newline; - is standard input.")
  var promptFile: String?
  @Option(name: .customLong("tokens"), help: "New tokens at most.") var limit = 200
  @OptionGroup var sampling: SamplingFlags
  @Option(
    name: .customLong("logprobs"),
    help: "Prints each new token's log-probability after the text, with those of this many most likely ones, 0 to 20.")
  var alternatives: Int?
  @OptionGroup var engine: EngineFlags
  @Option(help: "A file with a saved state to continue from; the prompt, if any, is added to it.") var loadState:
    String?
  @Option(help: "Saves the state after the text to this file.") var saveState: String?
  @OptionGroup package var reading: CheckpointFlags
  package var modelPaths: [WritableKeyPath<Self, String>] { [\.model] }
  package var optionalModelPaths: [WritableKeyPath<Self, String?>] { [\.engine.draft.draft] }

  package init() {}

  package func run() throws {
    guard limit >= 0 else { throw MohawkError(.invalidValue, "--tokens is \(limit), it must be 0 or more") }
    if let alternatives, !(0...20).contains(alternatives) {
      throw MohawkError(.invalidValue, "--logprobs is \(alternatives), it must be from 0 to 20")
    }
    let options = try sampling.options()
    let text = try text()
    // A place that cannot be written is told before the text is made, not after it.
    if let saveState { _ = try AtomicFile(saveState) }
    let generator = try engine.generator(model)
    let conversation = try conversation(text, generator)
    try generator.requireRoom(for: conversation)
    Terminal.stream(text)
    let result = try generator.generate(
      continuing: conversation, limit: limit, options: options, stops: sampling.stop, alternatives: alternatives
    ) {
      Terminal.stream($0)
      return true
    }
    Terminal.say("")
    let lines = ScoreLines(generator.tokenizer)
    for score in result.scores { Terminal.say(lines.text(score)) }
    if let saveState { try StateFile.write(conversation, of: generator.engine, to: saveState) }
    Terminal.complain(SpeedLine.text(result))
    if result.proposed > 0 { Terminal.complain(try draftLine(result, generator, conversation, options)) }
  }

  /// The text to continue. A command line holds no long ones.
  private func text() throws -> String {
    guard let promptFile else { return prompt }
    guard prompt.isEmpty else {
      throw MohawkError(.invalidValue, "--prompt and --prompt-file are both given", remedy: "give one of them")
    }
    var bytes =
      promptFile == "-"
      ? try Array(FileHandle.standardInput.readToEnd() ?? Data()).withUnsafeBufferPointer {
        try TextFile.utf8($0, at: "standard input")
      } : try TextFile.bytes(promptFile)
    if bytes.last == 0x0A { bytes.removeLast(bytes.suffix(2).first == 0x0D ? 2 : 1) }
    return String(decoding: bytes, as: UTF8.self)
  }

  private func conversation(_ text: String, _ generator: TextGenerator) throws -> Conversation {
    guard let loadState else { return generator.conversation(try Prompt.ids(text, generator.tokenizer)) }
    let conversation = try StateFile.read(loadState, for: generator.engine).conversation
    conversation.append(generator.tokenizer.encode(text))
    return conversation
  }

  /// How often the draft was right, and what it was good for: a few tokens more are generated without it.
  private func draftLine(
    _ result: TextGenerator.Result, _ generator: TextGenerator, _ conversation: Conversation, _ options: SamplingOptions
  ) throws -> String {
    let share = 100 * Double(result.accepted) / Double(result.proposed)
    let line = String(
      format: "draft: %d of %d proposed tokens accepted (%.0f %%)", result.accepted, result.proposed, share)
    let plain = try TextGenerator(generator.engine, generator.tokenizer)
    let isFull = generator.engine.maxLength.map { conversation.ids.count >= $0 } ?? false
    guard !isFull, !conversation.unread.isEmpty, let fast = result.tokensPerSecond,
      let slow = try plain.generate(continuing: conversation.copy(), limit: 32, options: options).tokensPerSecond
    else { return line }
    return line + String(format: ", %.2f times the speed without it (%.1f tokens/s)", fast / slow, slow)
  }
}

/// How likely tokens were, a line each: the token, the logarithm of its probability, and the most likely ones with theirs,
/// all apart by tabs. Tokens are quoted, so that white space and line breaks can be seen.
struct ScoreLines {
  private let names: TokenNames

  init(_ tokenizer: Tokenizer) { names = TokenNames(tokenizer: tokenizer) }

  func text(_ score: BatchScore) -> String {
    let entries = [(score.id, score.logprob ?? .nan)] + score.top.map { ($0.id, $0.logprob) }
    return entries.map { id, logprob in
      "\(names.name(id).debugDescription)\t\(String(format: "%.4f", logprob))"
    }.joined(separator: "\t")
  }
}

/// What a continuation cost, in one line.
enum SpeedLine {
  static func text(_ result: TextGenerator.Result) -> String {
    var parts = ["\(result.tokens.count) tokens"]
    if let rate = result.tokensPerSecond { parts.append(String(format: "%.1f tokens/s", rate)) }
    if let first = result.secondsToFirstToken {
      parts.append(String(format: "the first after %.2f s, %d tokens read", first, result.promptTokens))
    }
    return parts.joined(separator: ", ")
  }
}

/// The option `--threads`.
package enum Threads {
  /// - Throws: `MohawkError` for less than one; nil leaves libtorch's choice.
  package static func use(_ count: Int?) throws {
    guard let count else { return }
    guard (1...4096).contains(count) else {
      throw MohawkError(.invalidValue, "--threads is \(count), it must be from 1 to 4096")
    }
    Runtime.threads = count
  }
}
