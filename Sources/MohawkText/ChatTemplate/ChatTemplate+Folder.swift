import Foundation
import MohawkFiles

extension ChatTemplate {
  /// The chat template of a folder with a tokenizer: `chat_template.jinja`, or else `chat_template` in
  /// `tokenizer_config.json`, with the special tokens that are named there or in `special_tokens_map.json`. Of several
  /// templates the one called `default` counts, and `tool_use` when there are tools.
  /// The path of a GGUF file names the templates in its metadata.
  /// - Returns: nil when the folder has none.
  /// - Throws: `MohawkError` when a file is damaged, or the template asks for what is not supported here.
  public static func ofFolder(_ folder: String) throws -> ChatTemplate? {
    if let path = GGUFVocabularyFile.path(folder) { return try GGUFTokenizer.find(in: path)?.chatTemplate() }
    let (sources, location) = try sources(ofFolder: folder)
    let configuration = try object(folder + "/tokenizer_config.json")
    if sources.isEmpty { return nil }
    guard let source = sources["default"] else {
      throw MohawkError(
        .invalidFormat, "none of the chat templates \(sources.keys.sorted()) is called 'default'", at: location)
    }
    // As in transformers, the map goes before the configuration, and does not count beside `added_tokens_decoder`.
    let isWhole = !(configuration?["added_tokens_decoder"]?.isNull ?? true)
    let tokens = tokens(configuration) + (isWhole ? [] : try tokens(object(folder + "/special_tokens_map.json")))
    return try ChatTemplate(source, tools: sources["tool_use"], tokens: tokens, location: location)
  }

  /// The folder, or GGUF file, whose chat template goes with a tokenizer: a folder, a `tokenizer.json` or a GGUF file.
  public static func folder(ofTokenizer path: String) -> String {
    var isFolder: ObjCBool = false
    _ = FileManager.default.fileExists(atPath: path, isDirectory: &isFolder)
    if isFolder.boolValue || GGUFVocabularyFile.path(path) != nil { return path }
    return URL(fileURLWithPath: path).deletingLastPathComponent().path
  }

  /// The texts of a folder's chat templates, or of a GGUF file's, by name, and where the usual one, called `default`, is
  /// from. `chat_template.jinja` goes before `tokenizer_config.json`; what lies in `additional_chat_templates` has the name
  /// of its file.
  /// - Throws: `MohawkError` when a file is damaged.
  package static func sources(ofFolder folder: String) throws -> (texts: [String: String], location: String) {
    if let path = GGUFVocabularyFile.path(folder) {
      return (try GGUFTokenizer.find(in: path)?.chatTemplates() ?? [:], path)
    }
    let configuration = folder + "/tokenizer_config.json"
    let file = folder + "/chat_template.jinja"
    var (texts, location) = (try templates(object(configuration)?["chat_template"], configuration), configuration)
    if FileManager.default.fileExists(atPath: file) { (texts, location) = (["default": try text(file)], file) }
    let more = folder + "/" + additionalFolder
    for name in try
      (FileManager.default.fileExists(atPath: more) ? FileManager.default.contentsOfDirectory(atPath: more) : [])
    where name.hasSuffix(".jinja") {
      texts[String(name.dropLast(6))] = try text(more + "/" + name)
    }
    return (texts, location)
  }

  /// Where transformers keeps the templates that have names.
  package static let additionalFolder = "additional_chat_templates"

  private static func text(_ path: String) throws -> String {
    try MappedFile(path).withBytes { String(decoding: $0, as: UTF8.self) }
  }

  /// The JSON object in a file; nil when there is no file.
  private static func object(_ path: String) throws -> JSONValue? {
    guard FileManager.default.fileExists(atPath: path) else { return nil }
    let value: JSONValue
    do {
      value = try MappedFile(path).withBytes { try JSONReader.document($0.bindMemory(to: UInt8.self)) }
    } catch let fault as JSONFault {
      throw MohawkError(.invalidFormat, "\(fault.message) (byte \(fault.offset))", at: path)
    }
    guard case .object = value else {
      throw MohawkError(.invalidFormat, "the file holds \(value.summary), not an object", at: path)
    }
    return value
  }

  /// The templates by name, from a text or a list of objects with `name` and `template`.
  private static func templates(_ value: JSONValue?, _ location: String) throws -> [String: String] {
    switch value {
    case nil, .some(.null): return [:]
    case .string(let bytes): return ["default": String(decoding: bytes, as: UTF8.self)]
    case .array(let entries):
      var templates: [String: String] = [:]
      for entry in entries {
        guard let name = entry["name"]?.text, let template = entry["template"]?.text else {
          throw MohawkError(.invalidFormat, "an entry of chat_template lacks its name or its template", at: location)
        }
        templates[name] = template
      }
      return templates
    case let value?:
      throw MohawkError(.invalidFormat, "chat_template is \(value.summary), not a text or a list", at: location)
    }
  }

  /// The members called `…_token`, and those of `extra_special_tokens`: texts, or objects with `content`.
  private static func tokens(_ configuration: JSONValue?) -> [(name: String, token: String)] {
    guard case .object(let members)? = configuration else { return [] }
    return members.flatMap { key, value -> [(name: String, token: String)] in
      let name = String(decoding: key, as: UTF8.self)
      if name == "extra_special_tokens" || name == "model_specific_special_tokens", case .object(let tokens) = value {
        return tokens.compactMap { key, value in token(value).map { (String(decoding: key, as: UTF8.self), $0) } }
      }
      return name.hasSuffix("_token") ? token(value).map { [(name, $0)] } ?? [] : []
    }
  }

  private static func token(_ value: JSONValue) -> String? { value.text ?? value["content"]?.text }
}
