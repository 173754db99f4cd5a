import Foundation
import MohawkGGUF
@testable import MohawkText

/// The metadata of a small GGUF file, to be changed and written.
struct GGUFVocabularies {
  private(set) var values: [(key: String, value: GGUFValue)] = []

  subscript(_ key: String) -> GGUFValue? {
    get { values.first { $0.key == key }?.value }
    set {
      let index = values.firstIndex { $0.key == key }
      switch (index, newValue) {
      case (let index?, let value?): values[index].value = value
      case (let index?, nil): values.remove(at: index)
      case (nil, let value?): values.append((key, value))
      case (nil, nil): break
      }
    }
  }

  /// Sets a key below `tokenizer.ggml`; nil removes it.
  func with(_ name: String, _ value: GGUFValue?) -> GGUFVocabularies {
    var result = self
    result["tokenizer.ggml." + name] = value
    return result
  }

  /// The same with one more token.
  func adding(_ text: String, _ kind: Int32, score: Float = 0) -> GGUFVocabularies {
    var result = self
    if case .array(.string(let tokens))? = self["tokenizer.ggml.tokens"] {
      result["tokenizer.ggml.tokens"] = .array(.string(tokens + [text]))
    }
    if case .array(.int32(let kinds))? = self["tokenizer.ggml.token_type"] {
      result["tokenizer.ggml.token_type"] = .array(.int32(kinds + [kind]))
    }
    if case .array(.float32(let scores))? = self["tokenizer.ggml.scores"] {
      result["tokenizer.ggml.scores"] = .array(.float32(scores + [score]))
    }
    return result
  }

  func write(to path: String) throws {
    var writer = GGUFWriter()
    for (key, value) in values { writer.set(key, value) }
    try writer.write(to: path)
  }

  /// The tokenizer of the written file.
  func tokenizer() throws -> Tokenizer {
    let folder = try TemporaryFolder()
    try write(to: folder.path + "/model.gguf")
    return try Tokenizer(folder: folder.path + "/model.gguf")
  }

  /// Kind `gpt2`: all bytes as ids 0 to 255, then what the merges make, then `<|endoftext|>`, a control token.
  static func bytePairs(_ merges: [String], pre: String? = "gpt-2") -> GGUFVocabularies {
    var tokens = ByteAlphabet.scalars.map { String($0) }
    for merge in merges {
      let token = merge.split(separator: " ").joined()
      if !tokens.contains(token) { tokens.append(token) }
    }
    var result = GGUFVocabularies()
    let kinds = [Int32](repeating: 1, count: tokens.count)
    result["general.architecture"] = .string("llama")
    return result.with("model", .string("gpt2")).with("pre", pre.map { .string($0) })
      .with("tokens", .array(.string(tokens))).with("token_type", .array(.int32(kinds)))
      .with("merges", .array(.string(merges))).adding("<|endoftext|>", 3)
      .with("eos_token_id", .uint32(UInt32(tokens.count)))
  }

  /// Kind `llama`: `<unk>`, `<s>`, `</s>`, all bytes as ids 3 to 258, then the pieces.
  static func pieces(_ pieces: [(text: String, score: Float)]) -> GGUFVocabularies {
    let bytes = (0..<256).map { String(decoding: BytePairModel.fallbackSpelling(UInt8($0)), as: UTF8.self) }
    var result = GGUFVocabularies()
    result["general.architecture"] = .string("llama")
    return result.with("model", .string("llama")).with("pre", .string("default"))
      .with("tokens", .array(.string(["<unk>", "<s>", "</s>"] + bytes + pieces.map(\.text))))
      .with("scores", .array(.float32([Float](repeating: 0, count: 259) + pieces.map(\.score))))
      .with(
        "token_type",
        .array(
          .int32(
            [2, 3, 3] + [Int32](repeating: 6, count: 256) + [Int32](repeating: 1, count: pieces.count))))
  }
}
