import Foundation
import MohawkFiles
import MohawkModels
import MohawkText

/// How texts begin and end for a model: the tokens of a prompt, and those that end its continuation.
public enum Prompt {
  /// The tokens of a text with what the tokenizer's template puts first, unless the text begins with that; an empty text
  /// begins with the token that begins texts, or ends them.
  /// - Throws: `MohawkError` when nothing is left to begin with.
  public static func ids(_ text: String, _ tokenizer: Tokenizer) throws(MohawkError) -> [Int32] {
    let ids = tokenizer.encode(text)
    if !ids.starts(with: tokenizer.textPrefix) { return tokenizer.textPrefix + ids }
    guard ids.isEmpty else { return ids }
    guard let start = tokenizer.beginningOfText ?? tokenizer.endOfText else {
      throw MohawkError(.invalidValue, "the prompt is empty and the tokenizer has no token to begin with")
    }
    return [start]
  }

  /// The ids that end a text by a folder's `generation_config.json`; none when it has no such file.
  /// - Throws: `MohawkError` when the file is damaged.
  public static func ends(inFolder folder: String) throws -> [Int32] {
    let path = folder + "/generation_config.json"
    guard FileManager.default.fileExists(atPath: path) else { return [] }
    let data = try MappedFile(path).withBytes { Data($0) }
    guard let object = try? JSONSerialization.jsonObject(with: data) as? [String: Any] else {
      throw MohawkError(.invalidFormat, "this is not a JSON object", at: path, remedy: "mend or remove the file")
    }
    let value = object["eos_token_id"]
    let numbers = (value as? [Any] ?? [value as Any]).compactMap { $0 as? NSNumber }
    return numbers.compactMap { Int32(exactly: $0.doubleValue) }.filter { $0 >= 0 }
  }

  /// All ids that end a text: the given ones, those of the model's configuration, and the tokenizer's.
  public static func ends(_ given: [Int32], _ model: Decoder, _ tokenizer: Tokenizer) -> Set<Int32> {
    let known = model.configuration.tokens.ends.compactMap { Int32(exactly: $0) }
    return Set(given + known + tokenizer.ends)
  }
}
