import Foundation
import MohawkFiles
import MohawkServing
import MohawkText

/// Reads what documents begin with.
enum SynthesisPrompts {
  static func read(
    _ beginning: SynthesisRun.Beginning, model: String, _ tokenizer: Tokenizer, within longest: Int?
  ) throws -> [SynthesisPrompt] {
    switch beginning {
    case .nothing:
      guard
        let start = tokenizer.textPrefix.isEmpty
          ? (tokenizer.beginningOfText ?? tokenizer.endOfText).map({ [$0] }) : tokenizer.textPrefix
      else {
        throw MohawkError(
          .invalidValue, "the tokenizer has no token to begin with", at: model, remedy: "give --prompts FILE")
      }
      return [SynthesisPrompt(ids: start, text: "")]
    case .prompts(let file):
      return try lines(file).map { try prompt($0.text, nil, tokenizer, at: $0.place, longest) }
    case .questions(let file):
      guard let template = try ChatTemplate.ofFolder(model) else {
        throw MohawkError(
          .missingFile, "the model has no chat template", at: model, remedy: "give plain beginnings with --prompts FILE"
        )
      }
      return try lines(file).map { line in
        let text = try template.render(messages: [ChatMessage(role: "user", content: line.text)])
        return try prompt(text, line.text, tokenizer, at: line.place, longest)
      }
    }
  }

  private static func prompt(
    _ text: String, _ question: String?, _ tokenizer: Tokenizer, at place: String, _ longest: Int?
  ) throws -> SynthesisPrompt {
    var ids = tokenizer.encode(text)
    if !ids.starts(with: tokenizer.textPrefix) { ids = tokenizer.textPrefix + ids }
    if let longest, ids.count > longest {
      throw MohawkError(
        .outOfRange, "the prompt has \(ids.count) tokens, the model looks at \(longest) at most", at: place,
        remedy: "shorten it")
    }
    return SynthesisPrompt(ids: ids, text: text, question: question)
  }

  /// The lines of a file that are not blank; of JSONL the member `prompt` or `text`.
  private static func lines(_ path: String) throws -> [(text: String, place: String)] {
    let lines = try TextFile.lines(path).map { String(decoding: $0, as: UTF8.self) }
    let isJSON = path.hasSuffix(".jsonl")
    let found: [(text: String, place: String)] = try lines.enumerated().compactMap { number, line in
      guard !line.allSatisfy(\.isWhitespace) else { return nil }
      let place = "\(path):\(number + 1)"
      guard isJSON else { return (line, place) }
      let value = try JSONValue(json: line, location: place)
      guard let text = value["prompt"]?.text ?? value["text"]?.text, !text.isEmpty else {
        throw MohawkError(
          .invalidFormat, "the line has no text under \"prompt\" or \"text\"", at: place,
          remedy: #"every line must be an object like {"prompt": "..."}"#)
      }
      return (text, place)
    }
    guard !found.isEmpty else {
      throw MohawkError(
        .invalidValue, "the file has no line with text", at: path, remedy: "give one beginning per line")
    }
    return found
  }
}
