import Foundation
import MohawkFiles

/// The class by which transformers 5 opens a tokenizer. Some classes take only vocabulary, merges and added tokens from
/// `tokenizer.json` and make the other parts anew; the general class takes the file as it stands.
struct TokenizerClass {
  /// Without the ending `Fast`.
  let name: String
  let style: TokenizerStyle

  /// Finds the class as `AutoTokenizer` does.
  /// - Parameters:
  ///   - configuration: the file `tokenizer_config.json`.
  ///   - model: the file `config.json`; nil when there is none, or none that can be read.
  ///   - file: the contents of `tokenizer.json`; nil when there is no such file.
  /// - Returns: nil for the general class.
  /// - Throws: `MohawkError` when the class makes parts that are not known here.
  static func find(_ configuration: JSONFile, model: JSONFile?, file: [UInt8]?) throws -> TokenizerClass? {
    let type = model?["model_type"]?.text ?? ""
    let registered = Self.ofModels[type]
    let stated = (configuration["tokenizer_class"]?.text ?? model?["tokenizer_class"]?.text).map(Self.base)
    let isWrong = Self.wronglyStated.contains(type)
    guard let stated else { return try known(registered ?? Self.general, configuration) }
    // Many folders of Llama 3's kind name the class of Llama 2.
    if stated == "LlamaTokenizer", !isWrong, let file, Data(file).range(of: Data("\"ByteLevel\"".utf8)) != nil {
      return nil
    }
    guard let registered, registered != stated else { return try known(stated, configuration) }
    if registered == Self.general { return nil }
    return try known(isWrong ? registered : stated, configuration)
  }

  private static let general = "TokenizersBackend"
  private static func base(_ name: String) -> String { name.hasSuffix("Fast") ? String(name.dropLast(4)) : name }

  private static func known(_ name: String, _ configuration: JSONFile) throws -> TokenizerClass? {
    if let style = TokenizerStyle.named(name) { return TokenizerClass(name: name, style: style) }
    guard unsupported.contains(name) else { return nil }
    throw MohawkError(
      .unsupported,
      "tokenizer_class is \"\(name)\", whose parts transformers 5 makes in a way that is not supported here",
      at: configuration.path,
      remedy: "write \"PreTrainedTokenizerFast\" there if tokenizer.json is meant as it stands")
  }

  /// The classes of models of the families that are read here. Models that are not listed have none of their own.
  private static let ofModels = [
    "gpt2": "GPT2Tokenizer", "phi": "GPT2Tokenizer", "gpt_neox": "GPTNeoXTokenizer", "mamba": "GPTNeoXTokenizer",
    "mamba2": "GPTNeoXTokenizer", "qwen2": "Qwen2Tokenizer", "qwen3": "Qwen2Tokenizer", "gemma2": "GemmaTokenizer",
    "gemma3_text": "GemmaTokenizer", "mistral": general, "phi3": general, "olmo2": general, "olmo3": general,
    "granite": general, "granitemoehybrid": general,
  ]
  /// Models whose published folders are known to name a wrong class.
  private static let wronglyStated: Set<String> = ["qwen2", "phi3"]
  /// Classes for byte-pair encodings that no language model of these families uses.
  private static let unsupported: Set<String> = [
    "BlenderbotTokenizer", "BartTokenizer", "CLIPTokenizer", "DebertaTokenizer", "EsmcTokenizer", "HerbertTokenizer",
    "LayoutLMv3Tokenizer", "LEDTokenizer", "LongformerTokenizer", "LukeTokenizer", "MarkupLMTokenizer", "MvpTokenizer",
    "NllbTokenizer", "NougatTokenizer", "OpenAIGPTTokenizer", "ReformerTokenizer", "RobertaTokenizer",
    "SeamlessM4TTokenizer", "Siglip2Tokenizer", "Tipsv2Tokenizer", "WhisperTokenizer",
  ]
}
