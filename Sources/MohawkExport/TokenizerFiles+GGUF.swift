import Foundation
import MohawkFiles
import MohawkModels
import MohawkText

extension TokenizerFiles {
  /// Writes the tokenizer in the metadata of a GGUF file as `tokenizer.json` and `tokenizer_config.json`, with the roles
  /// of tokens and the chat templates.
  /// - Returns: the names of the written files; none when the file has no tokenizer.
  static func write(fromGGUF path: String, to target: String) throws -> [String] {
    guard let tokenizer = try GGUFTokenizer.find(in: path) else { return [] }
    // Read before it is written, so that what is written can be read.
    try Tokenizer(path: path).write(to: target + "/tokenizer.json")
    var object: [String: Any] = ["tokenizer_class": "PreTrainedTokenizerFast", "clean_up_tokenization_spaces": false]
    for (name, token) in tokenizer.tokensByRole { object[name] = token }
    let templates = try tokenizer.chatTemplates()
    if templates.count == 1, let template = templates["default"] {
      object["chat_template"] = template
    } else if !templates.isEmpty {
      object["chat_template"] = templates.sorted { $0.key < $1.key }.map { ["name": $0.key, "template": $0.value] }
    }
    try ModelJSON.write(object, to: target + "/" + TokenizerConfig.name)
    return ["tokenizer.json", TokenizerConfig.name]
  }

  /// The ids that end a text by the metadata of a GGUF file; none when `source` is something else.
  static func ends(in source: String?) throws -> [Int] {
    guard let file = source.flatMap({ GGUFVocabularyFile.path($0) }) else { return [] }
    return try GGUFTokenizer.find(in: file)?.ends ?? []
  }
}
