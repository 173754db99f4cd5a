import Foundation
import MohawkFiles

extension Tokenizer {
  /// Writes a Hugging Face `tokenizer.json`, which the PyPI package `tokenizers` opens with the same ids. A tokenizer
  /// that was read from such a file writes that file's bytes.
  public func write(to path: String) throws {
    try AtomicFile.write(Data(json()), to: path)
  }

  /// The contents of a Hugging Face `tokenizer.json`.
  public func json() -> [UInt8] { source ?? trainedJSON() }

  /// What a trained tokenizer is in a file.
  private func trainedJSON() -> [UInt8] {
    let byteLevel = #"{"type": "ByteLevel", "add_prefix_space": false, "trim_offsets": true, "use_regex": true}"#
    var text: [UInt8] = []
    func put(_ string: String) { text.append(contentsOf: string.utf8) }
    put("{\n  \"version\": \"1.0\",\n  \"truncation\": null,\n  \"padding\": null,\n  \"added_tokens\": [")
    for (index, token) in addedTokens.enumerated() {
      put("\(index == 0 ? "" : ",")\n    {\"id\": \(token.id), \"content\": ")
      JSONText.append(token.content.utf8, to: &text)
      put(", \"single_word\": \(token.singleWord), \"lstrip\": \(token.stripsLeft), \"rstrip\": \(token.stripsRight)")
      put(", \"normalized\": \(token.normalized), \"special\": \(token.special)}")
    }
    put("\n  ],\n  \"normalizer\": null,\n  \"pre_tokenizer\": \(byteLevel),\n")
    put("  \"post_processor\": \(byteLevel),\n  \"decoder\": \(byteLevel),\n")
    put("  \"model\": {\n    \"type\": \"BPE\",\n    \"dropout\": null,\n    \"unk_token\": null,\n")
    put("    \"continuing_subword_prefix\": \"\",\n    \"end_of_word_suffix\": \"\",\n    \"fuse_unk\": false,\n")
    put("    \"byte_fallback\": false,\n    \"ignore_merges\": false,\n    \"vocab\": {")
    var separator = "\n"
    for id in 0...highestID where entries[Int(id)] >= 0 {
      put("\(separator)      ")
      JSONText.append(spelling(id)!, to: &text)
      put(": \(id)")
      separator = ",\n"
    }
    put("\n    },\n    \"merges\": [")
    separator = "\n"
    for pair in merges.pairs {
      put("\(separator)      [")
      JSONText.append(spelling(pair.left)!, to: &text)
      put(", ")
      JSONText.append(spelling(pair.right)!, to: &text)
      put("]")
      separator = ",\n"
    }
    put("\n    ]\n  }\n}\n")
    return text
  }
}
