import Foundation
import MohawkFiles
import MohawkGGUF
import MohawkModels
import MohawkText

extension GGUFExport {
  /// Writes the model of a folder with the tokenizer and the chat template that lie beside it.
  /// - Parameters:
  ///   - folder: of any family that is known, or a GGUF file.
  ///   - path: the file, which is replaced.
  ///   - type: as of ``write(_:tokenizer:to:type:name:chatTemplate:)``.
  ///   - withTokenizer: false leaves tokenizer and chat template out.
  /// - Returns: the model, and whether the file has a tokenizer.
  /// - Throws: `MohawkError` as ``write(_:tokenizer:to:type:name:chatTemplate:)`` does, or when the folder cannot be
  ///   read.
  @discardableResult
  public static func write(
    folder: String, to path: String, type: GGUFType? = nil, withTokenizer: Bool = true
  ) throws -> (model: Decoder, hasTokenizer: Bool) {
    let model = try Conversion.open(folder, as: nil)
    let isThere = try withTokenizer && hasTokenizer(folder)
    let name = URL(fileURLWithPath: folder).standardizedFileURL.lastPathComponent
    try write(
      model, tokenizer: isThere ? Tokenizer(folder: folder) : nil, to: path, type: type, name: name,
      chatTemplate: isThere ? chatTemplate(of: folder) : nil)
    return (model, isThere)
  }

  private static func hasTokenizer(_ path: String) throws -> Bool {
    if GGUFFile.isOne(path) { return try GGUFTokenizer.find(in: path) != nil }
    return ["tokenizer.json", "vocab.json", "tokenizer.model"].contains {
      FileManager.default.fileExists(atPath: path + "/" + $0)
    }
  }

  /// The text of a folder's chat template, or of a GGUF file's: `chat_template.jinja`, or `chat_template` in `tokenizer_config.json`, of
  /// several the one called `default`; nil when there is none.
  static func chatTemplate(of folder: String) throws -> String? {
    if GGUFFile.isOne(folder) { return try GGUFTokenizer.find(in: folder)?.chatTemplates()["default"] }
    let file = folder + "/chat_template.jinja"
    if FileManager.default.fileExists(atPath: file) {
      return try MappedFile(file).withBytes { String(decoding: $0, as: UTF8.self) }
    }
    let configuration = folder + "/tokenizer_config.json"
    guard FileManager.default.fileExists(atPath: configuration) else { return nil }
    let data = try MappedFile(configuration).withBytes { Data($0) }
    guard let object = try? JSONSerialization.jsonObject(with: data) as? [String: Any] else {
      throw MohawkError(
        .invalidFormat, "this is not a JSON object", at: configuration, remedy: "mend or remove the file")
    }
    if let text = object["chat_template"] as? String { return text }
    let all = object["chat_template"] as? [[String: Any]] ?? []
    return all.first { $0["name"] as? String == "default" }?["template"] as? String
  }
}
