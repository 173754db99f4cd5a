import Foundation
import MohawkFiles
import MohawkModels

/// `generation_config.json`: the ids and the sampling with which other tools generate.
package enum GenerationConfig {
  static let name = "generation_config.json"

  /// Takes over the one of `source` when there is one, but for what belongs to the teacher's cache; ids that the model
  /// knows go over the file's. Of a GGUF file, the ids that end a text are taken over.
  package static func write(_ roles: TokenRoles, from source: String?, to folder: String) throws {
    var object: [String: Any] = [:]
    if let path = source.map({ $0 + "/" + name }), FileManager.default.fileExists(atPath: path) {
      let data = try MappedFile(path).withBytes { Data($0) }
      guard let read = try? JSONSerialization.jsonObject(with: data) as? [String: Any] else {
        throw MohawkError(.invalidFormat, "this is not a JSON object", at: path, remedy: "mend or remove the file")
      }
      object = read
    }
    for key in ["cache_implementation", "cache_config", "transformers_version", "_from_model_config"] {
      object[key] = nil
    }
    if object.isEmpty { object["_from_model_config"] = true }
    if let id = roles.beginning { object["bos_token_id"] = id }
    if let id = roles.padding { object["pad_token_id"] = id }
    let ends = roles.ends + (try TokenizerFiles.ends(in: source)).filter { !roles.ends.contains($0) }
    if !ends.isEmpty, object["eos_token_id"] == nil { object["eos_token_id"] = ends.count == 1 ? ends[0] : ends }
    try ModelJSON.write(object, to: folder + "/" + name)
  }
}
