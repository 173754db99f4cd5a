import MohawkFiles
import MohawkGGUF
import MohawkModels
import MohawkText

/// Writes models as GGUF files, as llama.cpp opens them.
///
/// Architecture by architecture the files hold what llama.cpp's loaders ask for: `granitehybrid` for hybrids of Mamba-2
/// and attention, `mamba2` and `mamba` for pure ones, `llama`, `granite`, `qwen2`, `qwen3`, `phi2`, `gptneox` and `gpt2`
/// for Transformers. What llama.cpp could load but would compute otherwise is refused. One thing is as in all GGUF files:
/// llama.cpp computes the GELU of GPT-NeoX by tanh.
public enum GGUFExport {
  /// Writes a model, its tokenizer and its chat template into one file, whole or not at all. Tensors are made one after
  /// the other, so that a model whose weights are mapped files needs little memory.
  ///
  /// Where llama.cpp's shapes are narrower than the model's, the file holds a larger model that computes the same: a
  /// Mamba-2 that is not twice as wide as the model gets groups of zeros, a hybrid without attention a last layer of
  /// zeros. A model with a sliding window becomes one without, whose context is the window: within it both compute the
  /// same, and a notice tells it.
  /// - Parameters:
  ///   - model: of any format whose mathematics llama.cpp has.
  ///   - tokenizer: nil writes a file that knows ids only.
  ///   - path: the file, which is replaced.
  ///   - type: of the matrices: F32, F16, BF16, Q8_0, Q5_0, Q4_0 or Q4_K. Vectors, norms and convolutions are F32
  ///     always, and matrices whose rows the blocks of a type do not divide have another one. Nil takes the type of the
  ///     model's weights.
  ///   - name: the model's name in the file.
  ///   - nearestTokenizer: whether a tokenizer that puts a space before fewer texts than llama.cpp's is written, and
  ///     the difference reported, instead of refused.
  ///   - chatTemplates: the Jinja texts with which conversations are written, by name; the usual one is `default`.
  /// - Returns: in which types the matrices stand.
  /// - Throws: `MohawkError` when llama.cpp has no architecture for the model or no pre-tokenizer for the tokenizer, when
  ///   both do not fit each other, or when the file cannot be written.
  @discardableResult
  public static func write(
    _ model: Decoder, tokenizer: Tokenizer?, to path: String, type: GGUFType? = nil, name: String? = nil,
    nearestTokenizer: Bool = false, chatTemplates: [String: String] = [:]
  ) throws -> StoredTypes {
    let type = type ?? GGUFType(storing: model.parameters.all[0].value.dtype)
    guard let fileType = type.fileType else {
      throw MohawkError(
        .unsupported, "a model cannot be written in \(type)", at: path,
        remedy: "use F32, F16, BF16, Q8_0, Q5_0, Q4_0 or Q4_K")
    }
    let model = model.withinItsWindow(at: path)
    let architecture = try GGUFArchitecture(holding: model.configuration)
    let vocabulary = try tokenizer.map { try GGUFVocabulary($0, for: model.configuration, isNearest: nearestTokenizer) }
    var draft = GGUFDraft(model, architecture, type)
    draft.set("general.architecture", .string(architecture.rawValue))
    draft.set("general.type", .string("model"))
    if let name { draft.set("general.name", .string(name)) }
    draft.set("general.file_type", .uint32(fileType))
    if type.blockSize > 1 { draft.set("general.quantization_version", .uint32(2)) }
    draft.setGeometry()
    if let vocabulary {
      vocabulary.set(in: &draft)
    } else {
      draft.set("tokenizer.ggml.model", .string("no_vocab"))
    }
    setTemplates(chatTemplates, in: &draft)
    draft.addTensors()
    try draft.writer.write(to: path)
    return draft.stored
  }

  /// The usual template under the key of all files, others under their names, as the package `gguf` spells these.
  private static func setTemplates(_ templates: [String: String], in draft: inout GGUFDraft) {
    if let usual = templates["default"] { draft.set("tokenizer.chat_template", .string(usual)) }
    var names: [String] = []
    for (name, text) in templates.sorted(by: { $0.key < $1.key }) where name != "default" {
      let spelled = String(name.map { $0.isASCII && ($0.isLetter || $0.isNumber) ? $0 : "_" })
      names.append(spelled)
      draft.set("tokenizer.chat_template." + spelled, .string(text))
    }
    if !names.isEmpty { draft.set("tokenizer.chat_templates", .array(.string(names))) }
  }
}
