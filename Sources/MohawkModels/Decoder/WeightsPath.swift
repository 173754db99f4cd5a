import Foundation
import MohawkFiles

/// Where the weights of a model's folder are.
public enum WeightsPath {
  /// The file that `transformers_weights` of its `config.json` names, inside of the folder, or else the folder itself.
  /// - Throws: `MohawkError` when the name leads out of the folder or to nothing.
  public static func of(folder: String) throws -> String {
    let path = folder + "/config.json"
    guard FileManager.default.fileExists(atPath: path) else { return folder }
    let json = try ModelJSON(path)
    guard json.has("transformers_weights") else { return folder }
    let name = try json.string("transformers_weights", default: "")
    let parts = name.split(separator: "/", omittingEmptySubsequences: false)
    guard !parts.contains(where: { $0 == ".." || $0.isEmpty }) else {
      throw MohawkError(
        .invalidValue, "'transformers_weights' is \"\(name)\", which is no file inside of the folder", at: path,
        remedy: "do not use this folder if you do not trust its source")
    }
    guard FileManager.default.fileExists(atPath: folder + "/" + name) else {
      throw MohawkError(
        .missingFile, "'transformers_weights' of config.json names this file, which is not there",
        at: folder + "/" + name, remedy: "fetch it, or remove the key")
    }
    return folder + "/" + name
  }

  /// Refuses the folder of an adapter, which has a model's differences from another one only.
  /// - Throws: `MohawkError` that says how to make a model of it.
  static func refuseAdapter(_ folder: String) throws {
    let path = folder + "/adapter_config.json"
    guard FileManager.default.fileExists(atPath: path) else { return }
    let json = try? ModelJSON(path)
    let base = (json?.object["base_model_name_or_path"] as? String).flatMap { $0.isEmpty ? nil : $0 }
    let kind = (json?.object["peft_type"] as? String).map { "\($0) " } ?? ""
    throw MohawkError(
      .unsupported,
      "this is a \(kind)adapter of PEFT\(base.map { " for \($0)" } ?? ""), not a model: its weights are differences from another model's",
      at: folder,
      remedy:
        "merge it into its model: python3 -c \"from peft import AutoPeftModelForCausalLM as M; M.from_pretrained('\(folder)').merge_and_unload().save_pretrained('MERGED')\", and copy the tokenizer's files beside it; where the weights here are merged already, remove adapter_config.json"
    )
  }
}
