import MohawkFiles

/// The class that transformers 5 opens a `tokenizer.json` by. Some classes make parts of it anew from
/// `tokenizer_config.json`; here `tokenizer.json` counts, but for the space before texts.
struct TokenizerClass {
  private let configuration: JSONFile
  /// Without the ending `Fast`; nil for the general class, which takes `tokenizer.json` as it is.
  private let name: String?

  /// - Parameters:
  ///   - configuration: the file `tokenizer_config.json`.
  ///   - model: the path of `config.json`.
  init(_ configuration: JSONFile, model: String) {
    self.configuration = configuration
    // Its numbers may be none that JSON knows, and whoever opens the model says so.
    let type = (try? JSONFile(model))?["model_type"]?.text
    // What published folders of Qwen 2 name is known to be wrong.
    let stated = type == "qwen2" ? nil : configuration["tokenizer_class"]?.text
    let named = stated ?? type.flatMap { Self.ofModels[$0] }
    let isGeneral = type.map(Self.generalModels.contains) ?? false
    name = isGeneral ? nil : named.map { $0.hasSuffix("Fast") ? String($0.dropLast(4)) : $0 }
  }

  /// The class where `tokenizer_config.json` names none.
  private static let ofModels = [
    "gpt2": "GPT2Tokenizer", "gpt_neox": "GPTNeoXTokenizer", "qwen2": "Qwen2Tokenizer", "qwen3": "Qwen2Tokenizer",
  ]
  /// Models whose tokenizers are opened by the general class, whatever is named.
  private static let generalModels: Set<String> = ["mistral", "phi3"]
  /// Classes over bytes with a flag of their own for a space before texts, which is off where it is not given.
  private static let withPrefixSpace: Set<String> = [
    "GPT2Tokenizer", "GPTNeoXTokenizer", "Qwen2Tokenizer", "CodeGenTokenizer",
  ]

  /// Follows what the class says of spaces before texts.
  /// - Throws: `MohawkError` when the class puts none where `tokenizer.json` does by other means than a flag, or puts one
  ///   before each word.
  func adapt(_ parts: inout TokenizerParts) throws {
    guard let name, let source = parts.source else { return }
    let wanted = configuration["add_prefix_space"]?.bool
    if Self.withPrefixSpace.contains(name), parts.preTokenizer.isByteLevel {
      let location = parts.location ?? configuration.path
      let changed = try TokenizerFile.json(source, withPrefixSpace: wanted ?? false, location: location)
      if changed == source { return }
      guard name != "Qwen2Tokenizer" || wanted != true else {
        throw MohawkError(
          .unsupported, "add_prefix_space is true, which puts a space before each word with Qwen2Tokenizer",
          at: configuration.path, remedy: "remove it if tokenizer.json says what is meant")
      }
      Notice.report(
        "\(name) \(wanted == true ? "puts a" : "puts no") space before texts, other than tokenizer.json: the former counts",
        at: configuration.path)
      parts = try TokenizerParts(json: changed, location: location)
    }
    guard name == "LlamaTokenizer", !parts.preTokenizer.isByteLevel, parts.normalizer?.prepends ?? false else { return }
    guard wanted != false else {
      throw MohawkError(
        .mismatch, "add_prefix_space is false, and tokenizer.json puts a space before texts", at: configuration.path,
        remedy: "write the tokenizer anew with Python: AutoTokenizer.from_pretrained(folder).save_pretrained(folder)")
    }
    Notice.report(
      "LlamaTokenizer of transformers 5 reads texts behind control tokens, and texts that begin with spaces, otherwise than "
        + "tokenizer.json, which counts here", at: configuration.path)
  }
}
