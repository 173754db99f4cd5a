import Foundation
import MohawkFiles
import MohawkModels

/// Python code by which transformers opens a folder of a format that it does not know (`trust_remote_code=True`).
struct TransformersCode {
  /// The classes of configuration and model.
  private let configuration, model: String

  /// nil for formats that other tools open as they are, and for models with mixers that the code cannot compute.
  init?(for described: DecoderConfiguration) {
    guard described.mixersWithoutPythonCode.isEmpty else { return nil }
    switch described.format {
    case .mohawk: (configuration, model) = ("MohawkConfig", "MohawkForCausalLM")
    case .phiMamba: (configuration, model) = ("PhiMambaConfig", "PhiMambaForCausalLM")
    default: return nil
    }
  }

  /// The files by their names in a folder.
  static let files: KeyValuePairs = [
    "configuration_mohawk.py": PackageResources.configuration_mohawk_py,
    "modeling_mohawk.py": PackageResources.modeling_mohawk_py,
    "parts_mohawk.py": PackageResources.parts_mohawk_py,
    "attention_mohawk.py": PackageResources.attention_mohawk_py,
    "state_space_mohawk.py": PackageResources.state_space_mohawk_py,
    "linear_attention_mohawk.py": PackageResources.linear_attention_mohawk_py,
    "fixed_matrices_mohawk.py": PackageResources.fixed_matrices_mohawk_py,
  ]

  /// Writes the files, and adds to the folder's `config.json` which class stands where.
  func write(to folder: String) throws {
    for (name, bytes) in Self.files { try AtomicFile.write(Data(bytes), to: folder + "/" + name) }
    let path = folder + "/config.json"
    let data = try MappedFile(path).withBytes { Data($0) }
    guard var object = try? JSONSerialization.jsonObject(with: data) as? [String: Any] else {
      throw MohawkError(.invalidFormat, "this is not a JSON object", at: path, remedy: "write the folder again")
    }
    object["auto_map"] = [
      "AutoConfig": "configuration_mohawk.\(configuration)", "AutoModelForCausalLM": "modeling_mohawk.\(model)",
    ]
    // Sorted as before: the sections of a Phi-Mamba count by the order in which they stand.
    let written = try JSONSerialization.data(
      withJSONObject: object, options: [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes])
    try AtomicFile.write(written + Data("\n".utf8), to: path)
  }
}
