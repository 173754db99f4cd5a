import Foundation
import MohawkFiles

/// Tokens that the files beside a vocabulary define: `tokenizer_config.json`, `special_tokens_map.json` and
/// `added_tokens.json`.
///
/// They are those, and come in the order, that `AutoTokenizer` of transformers 5 adds: first the tokens of
/// `added_tokens_decoder`, or where there is none those of `added_tokens.json`; then the tokens with a role; then further
/// ones with names of their own; then the lists of extra tokens. Ids in these files are an order only: a token that the
/// vocabulary does not hold gets the next free one.
struct FolderTokens {
  /// In the order in which they are added.
  private(set) var added: [AddedToken] = []
  /// The tokens with a role.
  private(set) var names = TokenizerParts.Names()
  /// The token for what cannot be encoded.
  private(set) var unknown: String?

  /// Roles in the order of transformers.
  private static let roles = [
    "bos_token", "eos_token", "unk_token", "sep_token", "pad_token", "cls_token", "mask_token",
  ]

  private var members: [(key: String, value: JSONValue)]

  /// - Parameters:
  ///   - configuration: the file `tokenizer_config.json`.
  ///   - map: the file `special_tokens_map.json`.
  ///   - dictionary: the file `added_tokens.json`.
  ///   - style: what the class makes anew, with its tokens where the files do not name them; nil for the general class,
  ///     which begins with the added tokens of `tokenizer.json`.
  ///   - inner: the added tokens of `tokenizer.json`, with the ids that it gives them.
  /// - Throws: `MohawkError` when a file does not hold what it should.
  init(
    _ configuration: JSONFile, map: JSONFile, dictionary: JSONFile, style: TokenizerStyle? = nil,
    inner: [AddedToken] = []
  ) throws {
    members = configuration.members
    var extra = try Self.list(configuration["extra_special_tokens"], configuration)
    if extra.isEmpty { extra = try Self.list(configuration["additional_special_tokens"], configuration) }
    var known: [AddedToken] = []
    if let decoder = configuration["added_tokens_decoder"], !decoder.isNull {
      known = try Self.decoder(decoder, configuration)
    } else {
      for (key, value) in map.members where key.hasSuffix("_token") { set(key, value) }
      for token in try Self.list(map["extra_special_tokens"], map) where !extra.contains(where: { $0.key == token.key })
      {
        extra.append(token)
      }
      if extra.isEmpty { extra = try Self.list(map["additional_special_tokens"], map) }
    }
    for role in Self.roles where value(role) == nil {
      if let name = style?.roles[role] { set(role, .string(Array(name.utf8))) }
    }
    let named = try namedTokens(configuration)
    if configuration["added_tokens_decoder"]?.isNull ?? true {
      let special = Set(named.roles.map(\.token.key) + extra.map(\.key))
      known = try Self.dictionary(dictionary, special: special, inner: inner)
      if style != nil { known = (known + inner).sorted { $0.id < $1.id } }
    }
    added = known
    for token in style?.extraTokens ?? [] where !extra.contains(where: { $0.content == token }) {
      extra.append(AddedToken(id: -1, content: token))
    }
    var all = Set((known + (style == nil ? inner : [])).map(\.key))
    for token in named.roles.map(\.token) + named.others + extra where all.insert(token.key).inserted {
      added.append(token)
    }
    let isNamed = Set(named.roles.map(\.token.key))
    for index in added.indices where isNamed.contains(added[index].key) { added[index].special = true }
    if style?.resetsRoles == true {
      let reset = isNamed.union(extra.map(\.key))
      for index in added.indices where reset.contains(added[index].key) {
        added[index] = AddedToken(id: added[index].id, content: added[index].content)
      }
    }
    added.removeAll { $0.content.isEmpty }
    func name(_ role: String) -> String? {
      named.roles.first { $0.role == role }.map(\.token.content).flatMap { $0.isEmpty ? nil : $0 }
    }
    unknown = name("unk_token")
    names = TokenizerParts.Names(beginning: name("bos_token"), end: name("eos_token"), padding: name("pad_token"))
  }

  private func value(_ key: String) -> JSONValue? { members.last { $0.key == key }.map(\.value) }

  private mutating func set(_ key: String, _ value: JSONValue) {
    if let place = members.lastIndex(where: { $0.key == key }) {
      members[place].value = value
    } else {
      members.append((key, value))
    }
  }

  /// Tokens with a role, and those that a model's own keys name.
  private func namedTokens(_ file: JSONFile) throws -> (
    roles: [(role: String, token: AddedToken)], others: [AddedToken]
  ) {
    var roles: [(role: String, token: AddedToken)] = []
    for role in Self.roles {
      guard let value = value(role), !value.isNull else { continue }
      guard let token = Self.token(value) else {
        throw MohawkError(
          .invalidFormat, "\(role) is \(value.summary), which names no token", at: file.path,
          remedy: "write the token's spelling")
      }
      roles.append((role, token))
    }
    // Switches such as add_bos_token end so too.
    var others = members.filter { $0.key.hasSuffix("_token") && !Self.roles.contains($0.key) }
      .compactMap { Self.token($0.value) }
    if case .object(let named)? = value("extra_special_tokens") { others += named.compactMap { Self.token($0.value) } }
    return (roles, others)
  }

  /// A token is named by its spelling, or by an object that holds it.
  private static func token(_ value: JSONValue) -> AddedToken? {
    if let text = value.text { return AddedToken(id: -1, content: text) }
    guard let text = value["content"]?.text else { return nil }
    func flag(_ key: String) -> Bool { value[key]?.bool ?? false }
    return AddedToken(
      id: -1, content: text, singleWord: flag("single_word"), stripsLeft: flag("lstrip"), stripsRight: flag("rstrip"),
      normalized: flag("normalized"), special: value["special"]?.bool ?? true)
  }

  private static func list(_ value: JSONValue?, _ file: JSONFile) throws -> [AddedToken] {
    guard case .array(let values)? = value else { return [] }
    return try values.map { value in
      guard let token = token(value) else {
        throw MohawkError(.invalidFormat, "a list of special tokens holds \(value.summary)", at: file.path)
      }
      return token
    }
  }

  private static func decoder(_ value: JSONValue, _ file: JSONFile) throws -> [AddedToken] {
    guard case .object(let entries) = value else {
      throw MohawkError(.invalidFormat, "added_tokens_decoder is no object", at: file.path)
    }
    return try entries.map { key, value -> (id: Int, token: AddedToken) in
      guard let id = Int(String(decoding: key, as: UTF8.self)), id >= 0, let text = value["content"]?.text else {
        throw MohawkError(.invalidFormat, "added_tokens_decoder has an entry without id and content", at: file.path)
      }
      var token = token(value) ?? AddedToken(id: -1, content: text)
      token.special = value["special"]?.bool ?? false
      token.normalized = value["normalized"]?.bool ?? !token.special
      return (id, token)
    }.sorted { $0.id < $1.id }.map(\.token)
  }

  private static func dictionary(
    _ file: JSONFile, special: Set<[UInt8]>, inner: [AddedToken]
  ) throws -> [AddedToken] {
    let taken = Set(inner.map { Int($0.id) })
    return try file.members.map { key, value -> (id: Int, token: AddedToken) in
      guard let id = value.integer else {
        throw MohawkError(.invalidFormat, "the id of \"\(key.prefix(60))\" is \(value.summary)", at: file.path)
      }
      let isSpecial = special.contains(Array(key.utf8))
      return (
        id,
        AddedToken(
          id: Int32(exactly: id) ?? -1, content: key, normalized: !isSpecial, special: isSpecial)
      )
    }.filter { !taken.contains($0.id) }.sorted { $0.id < $1.id }.map(\.token)
  }
}

/// The members of a JSON object in a file; none when there is no such file.
struct JSONFile {
  let path: String
  let members: [(key: String, value: JSONValue)]

  /// - Throws: `MohawkError` when the file does not hold an object.
  init(_ path: String) throws {
    self.path = path
    guard FileManager.default.fileExists(atPath: path) else {
      members = []
      return
    }
    do {
      members = try MappedFile(path).withBytes { bytes in
        var found: [(key: String, value: JSONValue)] = []
        var reader = JSONReader(bytes.bindMemory(to: UInt8.self))
        guard try reader.peek() == UInt8(ascii: "{") else { throw reader.fault("this is no object") }
        try reader.object(depth: 0) { reader, key in
          found.append((String(decoding: key, as: UTF8.self), try reader.value(depth: 1)))
        }
        try reader.end()
        return found
      }
    } catch let fault as JSONFault {
      throw MohawkError(.invalidFormat, "\(fault.message) (byte \(fault.offset))", at: path)
    }
  }

  /// The last member of this name.
  subscript(key: String) -> JSONValue? { members.last { $0.key == key }?.value }
}
