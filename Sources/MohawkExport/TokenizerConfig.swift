import Foundation
import MohawkModels
import MohawkText

/// `tokenizer_config.json`, without which transformers does not know which class reads `tokenizer.json`, nor which
/// tokens begin and end a text.
enum TokenizerConfig {
  static let name = "tokenizer_config.json"

  /// Writes the file into a folder that has a `tokenizer.json` but not it. A chat template needs no mention: transformers
  /// reads `chat_template.jinja` by itself.
  /// - Parameters:
  ///   - model: whose roles count where the tokenizer's files name none.
  ///   - folder: of the model.
  /// - Throws: `MohawkError` when the tokenizer is damaged or the file cannot be written.
  static func writeIfMissing(for model: Decoder, to folder: String) throws {
    let files = FileManager.default
    guard files.fileExists(atPath: folder + "/tokenizer.json"), !files.fileExists(atPath: folder + "/" + name) else {
      return
    }
    let tokenizer = try Tokenizer(folder: folder)
    func text(_ id: Int32?, _ known: Int?) -> String? {
      (id ?? known.flatMap { Int32(exactly: $0) }).flatMap { tokenizer.token($0) }
    }
    let roles = model.configuration.tokens
    var object: [String: Any] = ["tokenizer_class": "PreTrainedTokenizerFast", "clean_up_tokenization_spaces": false]
    object["bos_token"] = text(tokenizer.beginningOfText, roles.beginning)
    object["eos_token"] = text(tokenizer.endOfText, roles.ends.first)
    object["pad_token"] = text(tokenizer.padding, roles.padding)
    object["model_max_length"] = model.maxLength
    try ModelJSON.write(object, to: folder + "/" + name)
  }
}
