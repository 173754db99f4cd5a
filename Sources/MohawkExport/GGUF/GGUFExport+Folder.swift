import Foundation
import MohawkFiles
import MohawkGGUF
import MohawkModels
import MohawkText

extension GGUFExport {
  /// Writes the model of a folder with the tokenizer and the chat templates that lie beside it.
  /// - Parameters:
  ///   - folder: of any family that is known, or a GGUF file.
  ///   - path: the file, which is replaced.
  ///   - type: as of ``write(_:tokenizer:to:type:name:nearestTokenizer:chatTemplates:)``.
  ///   - withTokenizer: false leaves tokenizer and chat templates out.
  ///   - nearestTokenizer: as there.
  /// - Returns: the model, whether the file has a tokenizer, and in which types the matrices stand.
  /// - Throws: `MohawkError` as ``write(_:tokenizer:to:type:name:nearestTokenizer:chatTemplates:)`` does, or when the folder cannot be
  ///   read.
  @discardableResult
  public static func write(
    folder: String, to path: String, type: GGUFType? = nil, withTokenizer: Bool = true,
    nearestTokenizer: Bool = false
  ) throws -> (model: Decoder, hasTokenizer: Bool, stored: StoredTypes) {
    let model = try Conversion.open(folder, as: nil)
    let isThere = try withTokenizer && hasTokenizer(folder)
    let name = URL(fileURLWithPath: folder).standardizedFileURL.lastPathComponent
    let stored = try write(
      model, tokenizer: isThere ? Tokenizer(folder: folder) : nil, to: path, type: type, name: name,
      nearestTokenizer: nearestTokenizer,
      chatTemplates: isThere ? ChatTemplate.sources(ofFolder: folder).texts : [:])
    return (model, isThere, stored)
  }

  private static func hasTokenizer(_ path: String) throws -> Bool {
    if GGUFFile.isOne(path) { return try GGUFTokenizer.find(in: path) != nil }
    return ["tokenizer.json", "vocab.json", "tokenizer.model"].contains {
      FileManager.default.fileExists(atPath: path + "/" + $0)
    }
  }
}
