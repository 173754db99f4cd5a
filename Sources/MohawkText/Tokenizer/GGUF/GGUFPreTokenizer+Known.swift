/// Source of names, patterns and flags: `llama-vocab.cpp` of llama.cpp. Contractions ignore case by Unicode (`'ſ`), as in the
/// models' own tokenizers. Not here are names whose words are no matches of a ``TextPattern`` or no bytes (Jais 2, Kimi
/// K2, AFMoE, SuperBPE, Gemma 4, …), and those of models for embeddings that strip white space around a token.
extension GGUFPreTokenizer {
  /// By name.
  static let known: [String: GGUFPreTokenizer] = {
    let table: [(names: String, words: GGUFPreTokenizer)] = [
      (
        "gpt-2 phi-2 mpt olmo jais trillion gigachat a.x-4.0 mellum exaone4 granite-docling jina-es jina-de jina-v1-en "
          + "roberta-bpe", GGUFPreTokenizer([], endsWithGPT2: true)
      ),
      (
        "smollm starcoder refact command-r codeshell exaone minerva-7b mellum2",
        GGUFPreTokenizer([.singleDigits], endsWithGPT2: true)
      ),
      (
        "llama-bpe llama3 llama-v3 falcon3 falcon-h1 pixtral midm-2.0 lfm2 jina-v5-nano",
        GGUFPreTokenizer([.pattern(llama3)], ignoresMerges: true, addsBeginning: true)
      ),
      ("smaug-bpe dbrx glm4 chatglm-bpe", GGUFPreTokenizer([.pattern(llama3)])),
      (
        "qwen2 deepseek-r1-qwen kormo f2llmv2 stablelm2 hunyuan solar-open megrez grok-2",
        GGUFPreTokenizer([.pattern(qwen2)])
      ),
      ("qwen35", GGUFPreTokenizer([.pattern(qwen35)])),
      ("laguna", GGUFPreTokenizer([.pattern(#"[^\n]+|[\n]+"#), .pattern(qwen2)])),
      (
        "minicpm5",
        GGUFPreTokenizer(
          [.pattern(#"\p{N}{1,3}"#), .pattern(Llama3Words.pattern(digits: #"\p{N}+"#))], ignoresMerges: true)
      ),
      ("ufakzeka", GGUFPreTokenizer([.pattern(words + #"|\p{N}|"# + signsAndSpaces)])),
      ("seed-coder", GGUFPreTokenizer([.pattern(seedCoder)])),
      ("bailingmoe bailingmoe2 llada-moe", GGUFPreTokenizer([.pattern(bailing)])),
      (
        "deepseek-v3 hunyuan-dense joyai-llm hy_v4",
        GGUFPreTokenizer([.pattern(#"\p{N}{1,3}"#), .pattern(hanAndKana), .pattern(deepSeek3)])
      ),
      (
        "spark2_5",
        GGUFPreTokenizer([.pattern(#"\p{N}{1,3}"#), .pattern(hanAndKana), .pattern(spark), .pattern(#"\p{N}"#)])
      ),
      (
        "deepseek-coder",
        GGUFPreTokenizer([
          .pattern(#"[\r\n]"#), .pattern(#"\s?\p{L}+"#), .pattern(#"\s?\p{P}+"#),
          .pattern(#"[\x{4E00}-\x{9FA5}\x{0800}-\x{4E00}\x{AC00}-\x{D7FF}]+"#), .pattern(#"\p{N}"#),
        ])
      ),
      ("gpt-4o llama4 kanana2 talkie minimax-m2", GGUFPreTokenizer([.pattern(casedWords(#"\p{L}"#, contracts: true))])),
      (
        "granite-embed-multi-97m",
        GGUFPreTokenizer([.pattern(casedWords(#"\p{L}\p{M}"#, contracts: true))], ignoresMerges: true)
      ),
      (
        "tekken",
        GGUFPreTokenizer(
          [.pattern(casedWords(#"\p{L}"#, contracts: false))], ignoresMerges: true, addsBeginning: true)
      ),
      ("youtu", GGUFPreTokenizer([.pattern(youtuScripts), .pattern(youtuWords)], ignoresMerges: true)),
      ("chameleon", GGUFPreTokenizer(chameleon, endsWithGPT2: true, addsBeginning: true)),
      ("bloom poro-chat gpt3-finnish", GGUFPreTokenizer([.pattern(bloom)])),
      ("viking", GGUFPreTokenizer([.pattern(bloom), .pattern(#"\p{N}"#)])),
      (
        "falcon",
        GGUFPreTokenizer([
          .pattern(#"[\p{P}\$\+<=>\^~\|`]+"#), .pattern(GPT2Words.pattern), .pattern("[0-9][0-9][0-9]"),
        ])
      ),
      (
        "default",
        GGUFPreTokenizer([
          .pattern(#"[\p{P}\$\+<=>\^~\|]+"#), .pattern(GPT2Words.pattern), .pattern(#"\p{N}+"#),
          .pattern("[0-9][0-9][0-9]"),
        ])
      ),
    ]
    var known: [String: GGUFPreTokenizer] = [:]
    for (names, words) in table {
      for name in names.split(separator: " ") { known[String(name)] = words }
    }
    return known
  }()
}

extension GGUFPreTokenizer {
  private static let llama3 = Llama3Words.pattern(digits: #"\p{N}{1,3}"#)
  private static let qwen2 = Llama3Words.pattern(digits: #"\p{N}"#)

  private static let contractions = #"(?i:'s|'t|'re|'ve|'m|'ll|'d)"#
  private static let words = #"[^\r\n\p{L}\p{N}]?\p{L}+"#
  private static let spaces = #"\s*[\r\n]+|\s+(?!\S)|\s+"#
  private static let signsAndSpaces = #" ?[^\s\p{L}\p{N}]+[\r\n]*|"# + spaces

  private static let qwen35 =
    contractions + #"|[^\r\n\p{L}\p{N}]?[\p{L}\p{M}]+|\p{N}| ?[^\s\p{L}\p{M}\p{N}]+[\r\n]*|"# + spaces
  private static let seedCoder =
    contractions + "|" + words + #"|\p{N}| ?[^\s\p{L}\p{N}\r\n]+|"# + spaces
  private static let bailing =
    contractions + "|" + words + #"|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]|\s+(?!\S)|\s+"#

  private static let hanAndKana = #"[\x{4E00}-\x{9FA5}\x{3040}-\x{309F}\x{30A0}-\x{30FF}]+"#
  private static let signBeforeWord = ##"[!"#$%&'()*+,\-./:;<=>?@\[\\\]^_`{|}~][A-Za-z]+|"##
  private static let markedWords = #"[^\r\n\p{L}\p{P}\p{S}]?[\p{L}\p{M}]+|"#
  private static let deepSeek3 = signBeforeWord + markedWords + #" ?[\p{P}\p{S}]+[\r\n]*|"# + spaces
  private static let spark = signBeforeWord + markedWords + #" ?[\p{P}\p{S}]+|[\r\n]|\s+(?!\S)|\s+"#

  /// Words that begin in capitals and go on in small letters, where letters beyond ASCII are both.
  private static func casedWords(_ letters: String, contracts: Bool) -> String {
    let (capital, small) = ("(?:(?=[\(letters)])[^a-z])", "(?:(?=[\(letters)])[^A-Z])")
    let first = #"[^\r\n\p{L}\p{N}]?"#
    let last = contracts ? contractions + "?" : ""
    let digits = contracts ? #"\p{N}{1,3}"# : #"\p{N}"#
    return "\(first)\(capital)*\(small)+\(last)|\(first)\(capital)+\(small)*\(last)|\(digits)"
      + #"| ?[^\s\p{L}\p{N}]+[\r\n/]*|"# + spaces
  }

  private static let youtuScripts =
    #"[\x{AC00}-\x{D7A3}\x{3131}-\x{318E}]+|[！…“”‘’—：；，\x{3001}-\x{303F}\x{FE30}-\x{FE4F}]+|"#
    + #"[\x{3105}-\x{312F}]+|"# + hanAndKana
  /// The model's own pattern parts capitals from small letters; llama.cpp takes all letters for both.
  private static let youtuWords =
    #"[^\r\n\p{L}\p{N}]?[\p{L}\p{M}]+"# + contractions + #"?|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n/]*|"# + spaces

  private static let bloom = #" ?[^(\s|.,!?…。，、।۔،)]+"#
  private static let chameleon: [Step] = [
    .pattern("<sentinel:[0-9]+>"), .pattern("(IMGIMG)((A|B|C|D|E|F|G|H|I){1,4})Z"), .pattern(#"([\t\n]|    |  )"#),
    .singleDigits, .pattern(#"[\p{P}!-/:-@\[-`{-~]"#),
  ]
}
