import Foundation
import MohawkFiles

/// The files of a model folder that say how text becomes ids.
struct TokenizerFolder {
  let path: String
  private let configuration: JSONFile
  private let model: JSONFile?

  init(_ path: String) throws {
    self.path = path
    configuration = try JSONFile(path + "/tokenizer_config.json")
    // Its numbers may be none that JSON knows, and whoever opens the model says so.
    model = try? JSONFile(path + "/config.json")
  }

  func parts() throws -> TokenizerParts { try read().parts }

  /// What the files say together.
  /// - Returns: `isOther` is whether that is something else than `tokenizer.json` says, as it stands.
  func read() throws -> (parts: TokenizerParts, isOther: Bool) {
    guard configuration["split_special_tokens"]?.bool != true else {
      throw MohawkError(
        .unsupported, "split_special_tokens is true, which cuts control tokens into pieces", at: configuration.path,
        remedy: "set it to false if control tokens in texts are meant")
    }
    if exists("tokenizer.json") { return try readFile(path + "/tokenizer.json") }
    if exists("vocab.json"), exists("merges.txt") { return (try readPair(), true) }
    if exists("tokenizer.model") {
      throw MohawkError(
        .unsupported, "the tokenizer is a SentencePiece model, which is not read here", at: path + "/tokenizer.model",
        remedy: "convert it with Python: transformers.AutoTokenizer.from_pretrained(folder).save_pretrained(folder)")
    }
    guard FileManager.default.fileExists(atPath: path) else {
      throw MohawkError(.missingFile, "no such file or folder", at: path, remedy: "check the path")
    }
    throw MohawkError(
      .missingFile, "the folder has no tokenizer.json", at: path,
      remedy: "name a folder with tokenizer.json, or with vocab.json and merges.txt")
  }

  private func readFile(_ file: String) throws -> (parts: TokenizerParts, isOther: Bool) {
    let source = try MappedFile(file).withBytes { Array($0) }
    guard let found = try TokenizerClass.find(configuration, model: model, file: source) else {
      return (try asItStands(source, file), false)
    }
    let light = try TokenizerFile.withoutVocabulary(source, file)
    let inner = try TokenizerFile.addedTokens(light, file)
    let parts = try rebuilt(source, found.style, inner: inner, location: file, flagsCount: false)
    guard let difference = parts.difference(from: try? asItStands(light, file)) else {
      var same = try asItStands(source, file)
      same.names = parts.names
      return (same, false)
    }
    Notice.report(
      "\(found.name) makes \(difference) anew, other than tokenizer.json, as in transformers 5; "
        + "\"tokenizer_class\": \"PreTrainedTokenizerFast\" opens tokenizer.json as it stands", at: configuration.path)
    return (parts, true)
  }

  /// What the general class makes of a `tokenizer.json`.
  private func asItStands(_ source: [UInt8], _ file: String) throws -> TokenizerParts {
    var parts = try TokenizerParts(json: source, location: file)
    try add(outer(inner: parts.added), to: &parts)
    return parts
  }

  private func readPair() throws -> TokenizerParts {
    let isNamed = configuration["tokenizer_class"]?.text != nil || model?["model_type"]?.text != nil
    let found =
      try isNamed
      ? TokenizerClass.find(configuration, model: model, file: nil)
      : TokenizerStyle.named("GPT2Tokenizer").map { TokenizerClass(name: "GPT2Tokenizer", style: $0) }
    guard let found, found.style.readsPairs else {
      let name = configuration["tokenizer_class"]?.text ?? found?.name
      throw MohawkError(
        .unsupported,
        "\(name.map { "tokenizer_class is \"\($0.prefix(60))\"" } ?? "no tokenizer_class is named"), and vocab.json and merges.txt are not read for it",
        at: configuration.path,
        remedy:
          "make a tokenizer.json with Python: transformers.AutoTokenizer.from_pretrained(folder).save_pretrained(folder)"
      )
    }
    let pair = try LegacyVocabulary(vocabulary: path + "/vocab.json", merges: path + "/merges.txt")
    return try rebuilt(pair.json(), found.style, inner: [], location: path, flagsCount: true)
  }

  /// What a class makes of vocabulary, merges and added tokens.
  /// - Parameter flagsCount: whether `add_bos_token` and `add_eos_token` say what is put around texts.
  private func rebuilt(
    _ source: [UInt8], _ style: TokenizerStyle, inner: [AddedToken], location: String, flagsCount: Bool
  ) throws -> TokenizerParts {
    let outer = try outer(style, inner: inner)
    let builder = RebuiltTokenizer(style, configuration)
    var json = try builder.json(source, unknown: outer.unknown, location: location)
    json = try TokenizerFile.json(json, withAddedTokens: outer.added, location: location)
    if flagsCount || style.template != .fromFile {
      let plain = try TokenizerParts(json: json, location: location)
      func token(_ flag: String, _ name: String?, _ isUsual: Bool) -> (name: String, id: Int32)? {
        guard flagsCount ? configuration[flag]?.bool ?? isUsual : isUsual, let name else { return nil }
        return plain.id(of: name, among: outer.added).map { (name, $0) }
      }
      let beginning = token("add_bos_token", outer.names.beginning, style.template == .beginning)
      let processor = RebuiltTokenizer.processor(
        beginning: beginning, end: token("add_eos_token", outer.names.end, false))
      json = try TokenizerFile.json(json, with: "post_processor", Array(processor.utf8), location: location)
    }
    var parts = try TokenizerParts(json: json, location: location)
    parts.names = outer.names
    return parts
  }

  private func outer(_ style: TokenizerStyle? = nil, inner: [AddedToken]) throws -> FolderTokens {
    try FolderTokens(
      configuration, map: JSONFile(path + "/special_tokens_map.json"),
      dictionary: JSONFile(path + "/added_tokens.json"), style: style, inner: inner)
  }

  /// Adds tokens that `tokenizer.json` lacks; of one that it has, flags that differ count from here on.
  private func add(_ outer: FolderTokens, to parts: inout TokenizerParts) throws {
    parts.names = outer.names
    var all = parts.added
    for token in outer.added {
      if let place = all.lastIndex(where: { $0.key == token.key }) {
        var merged = token
        merged.id = all[place].id
        merged.special = token.special || all[place].special
        all[place] = merged
      } else {
        all.append(token)
      }
    }
    guard all != parts.added else { return }
    parts.added = all
    parts.source = try parts.source.map { try TokenizerFile.json($0, withAddedTokens: all, location: path) }
  }

  private func exists(_ name: String) -> Bool { FileManager.default.fileExists(atPath: path + "/" + name) }
}

extension Tokenizer {
  /// The files `tokenizer.json` and `tokenizer_config.json` that say to every program what a folder's files say together,
  /// by the general class. They are others than those of the folder where the class that is named there makes parts of
  /// `tokenizer.json` anew, and where there are only `vocab.json` and `merges.txt`.
  /// - Returns: contents by name; nil where the folder has no tokenizer, or where its files do for every class.
  /// - Throws: `MohawkError` as when the folder's tokenizer is opened.
  package static func settledFiles(inFolder folder: String) throws -> [String: [UInt8]]? {
    let files = ["tokenizer.json", "vocab.json"]
    guard files.contains(where: { FileManager.default.fileExists(atPath: folder + "/" + $0) }) else { return nil }
    return try TokenizerFolder(folder).settled()
  }
}

extension TokenizerFolder {
  fileprivate func settled() throws -> [String: [UInt8]]? {
    let (parts, isOther) = try read()
    guard isOther, let source = parts.source else { return nil }
    let file = configuration.path
    let isThere = FileManager.default.fileExists(atPath: file)
    var json = isThere ? try MappedFile(file).withBytes { Array($0) } : Array("{}\n".utf8)
    let names = parts.names
    let roles = [("bos_token", names.beginning), ("eos_token", names.end), ("pad_token", names.padding)]
    let missing = roles.filter { configuration[$0.0]?.isNull ?? true }
    for (key, value) in missing + [("tokenizer_class", "PreTrainedTokenizerFast")] {
      guard let value else { continue }
      json = try TokenizerFile.json(json, with: key, Array(TokenizerStyle.quoted(value).utf8), location: file)
    }
    return ["tokenizer.json": source, "tokenizer_config.json": json]
  }
}

extension AddedToken {
  fileprivate var withoutID: AddedToken {
    var token = self
    token.id = -1
    return token
  }
}

extension TokenizerParts {
  /// The id that a token has, or gets as an added one; nil when it is neither.
  fileprivate func id(of name: String, among added: [AddedToken]) -> Int32? {
    if let id = vocabulary.id(of: Array(name.utf8)) { return id }
    var seen: Set<[UInt8]> = []
    for token in added where vocabulary.id(of: token.key) == nil && seen.insert(token.key).inserted {
      if token.key == Array(name.utf8) { return Int32(vocabulary.count + seen.count - 1) }
    }
    return nil
  }

  /// Which part reads or writes texts otherwise than other parts do; nil when none does.
  /// - Parameter other: nil when it cannot be read.
  fileprivate func difference(from other: TokenizerParts?) -> String? {
    guard let other else { return "all parts" }
    if preTokenizer.description != other.preTokenizer.description
      || normalizer?.description != other.normalizer?.description
    {
      return "the way in which texts are cut"
    }
    if options.ignoresMerges != other.options.ignoresMerges { return "the use of merges" }
    // Where every byte is a token nothing is unknown.
    let hasUnknown =
      !options.fallsBackToBytes
      || (0..<256).contains { vocabulary.id(of: Array(String(format: "<0x%02X>", $0).utf8)) == nil }
    if options.fallsBackToBytes != other.options.fallsBackToBytes
      || hasUnknown && options.unknown != other.options.unknown
    {
      return "what stands for unknown characters"
    }
    if template.prefix != other.template.prefix || template.suffix != other.template.suffix {
      return "the tokens around texts"
    }
    func once(_ tokens: [AddedToken]) -> [[UInt8]: AddedToken] {
      Dictionary(tokens.map { ($0.key, $0.withoutID) }) { $1 }
    }
    if once(added) != once(other.added) { return "the list of added tokens" }
    if "\(decoder)" != "\(other.decoder)" { return "the way back to text" }
    return nil
  }
}
