import MohawkFiles
import MohawkModels
import MohawkText

/// The ids with a meaning, and which of them are put around a text.
struct GGUFTokenRoles {
  /// By the names that GGUF keys have before `_token_id`.
  let ids: [(name: String, id: Int)]
  /// Whether every text begins with the token called `bos`.
  let addsBeginning: Bool
  /// Whether every text ends with the token called `eos`.
  let addsEnd: Bool

  /// What `config.json` says goes before what the tokenizer says, but for what the tokenizer puts around texts.
  init(_ tokenizer: Tokenizer, _ configuration: DecoderConfiguration, unknown: Int32?) throws {
    let (prefix, suffix) = (tokenizer.textPrefix.map { Int($0) }, tokenizer.textSuffix.map { Int($0) })
    let ends = configuration.tokens.ends
    guard let end = suffix.last ?? ends.first ?? tokenizer.endOfText.map({ Int($0) }) else {
      throw MohawkError(
        .unsupported, "no token is known to end a text; llama.cpp would take token 11 for it",
        remedy: "set eos_token_id in config.json")
    }
    guard prefix.count <= 1, suffix.count <= 1 else {
      throw MohawkError(
        .unsupported,
        "the tokenizer puts \(prefix.count) tokens before and \(suffix.count) behind a text, "
          + "and GGUF files have one of each",
        remedy: "simplify the post_processor in tokenizer.json")
    }
    let beginning = prefix.first ?? configuration.tokens.beginning ?? tokenizer.beginningOfText.map { Int($0) }
    // llama.cpp has a token of its own choice where none is named.
    var ids: [(name: String, id: Int)] = [("bos", beginning ?? end), ("eos", end)]
    let others = ends.filter { $0 != end }
    for (name, id) in zip(["eot", "eom"], others) { ids.append((name, id)) }
    if let unknown { ids.append(("unknown", Int(unknown))) }
    // A padding token that the model has no row for is none.
    let filling = tokenizer.padding.map { Int($0) }.flatMap { $0 < configuration.vocabulary ? $0 : nil }
    if let padding = configuration.tokens.padding ?? filling {
      ids.append(("padding", padding))
    }
    for (name, id) in ids where !(0..<configuration.vocabulary).contains(id) {
      throw MohawkError(
        .mismatch, "the \(name) token is \(id), and the model's embedding has \(configuration.vocabulary) rows",
        remedy: "mend the ids in config.json")
    }
    self.ids = ids
    addsBeginning = !prefix.isEmpty
    addsEnd = !suffix.isEmpty
  }
}
