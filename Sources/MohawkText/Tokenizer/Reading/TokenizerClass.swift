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
  private static let generalModels: Set<String> = ["mistral", "phi3", "granite", "granitemoehybrid"]
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
    let location = parts.location ?? configuration.path
    if Self.withPrefixSpace.contains(name), parts.preTokenizer.isByteLevel,
      case let changed = try TokenizerFile.json(source, withPrefixSpace: wanted ?? false, location: location),
      changed != source
    {
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
    if Self.withGPT2Words.contains(name), parts.preTokenizer.isByteLevel { tellOtherWords(name, parts) }
    if Self.withMetaspace.contains(name), !parts.preTokenizer.isByteLevel {
      try settleMetaspace(name, parts, addsSpace: wanted ?? true)
    }
  }

  /// Classes over bytes that cut words by GPT-2's pattern, whatever `tokenizer.json` says.
  private static let withGPT2Words: Set<String> = ["GPT2Tokenizer", "GPTNeoXTokenizer", "CodeGenTokenizer"]
  /// Classes that write a space as a visible character before the first word of a text, and normalise nothing.
  private static let withMetaspace: Set<String> = ["LlamaTokenizer", "CodeLlamaTokenizer"]

  private func tellOtherWords(_ name: String, _ parts: TokenizerParts) {
    let steps = parts.preTokenizer.steps.filter { if case .leadingSpace = $0 { false } else { true } }
    if steps.count == 1, case .words(.gpt2) = steps[0] { return }
    Notice.report(
      "\(name) of transformers 5 cuts words by GPT-2's pattern, other than tokenizer.json, which counts here",
      at: configuration.path)
  }

  /// - Throws: `MohawkError` when only one of class and `tokenizer.json` puts a space before texts, so that most texts
  ///   have other ids.
  private func settleMetaspace(_ name: String, _ parts: TokenizerParts, addsSpace: Bool) throws {
    var found: Metaspace?
    if parts.preTokenizer.steps.count == 1, case .metaspace(let metaspace) = parts.preTokenizer.steps[0] {
      found = metaspace
    }
    let doesAdd = parts.normalizer?.prepends ?? found.map { $0.prepending != .never } ?? false
    guard doesAdd == addsSpace else {
      throw MohawkError(
        .mismatch,
        "\(name) puts \(addsSpace ? "a" : "no") space before texts (add_prefix_space), and tokenizer.json \(doesAdd ? "does" : "does not")",
        at: configuration.path,
        remedy: "write the tokenizer anew with Python: AutoTokenizer.from_pretrained(folder).save_pretrained(folder)")
    }
    let isLegacy = name == "LlamaTokenizer" && configuration["legacy"]?.bool == true
    let wanted: Metaspace.Prepending = !addsSpace ? .never : isLegacy ? .always : .first
    if parts.normalizer == nil, let found, found.prepending == wanted, !found.splits { return }
    Notice.report(
      "\(name) of transformers 5 reads some texts otherwise than tokenizer.json, which counts here: those behind control "
        + "tokens, and those with spaces at their beginning", at: configuration.path)
  }
}
