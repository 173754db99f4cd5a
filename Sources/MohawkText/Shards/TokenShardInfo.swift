import Foundation
import MohawkFiles

/// How ids lie in a shard: little-endian, without a header.
public enum TokenType: String, Sendable, Codable {
  /// Two or four bytes per token, little-endian.
  case uint16, uint32

  /// The smaller type that holds every id below `bound`.
  public init(idsBelow bound: Int) { self = bound <= 65_536 ? .uint16 : .uint32 }

  /// Bytes per id.
  public var size: Int { self == .uint16 ? 2 : 4 }
}

/// What the side-car `.json` says about a shard of tokens.
public struct TokenShardInfo: Sendable, Codable, Equatable {
  /// How ids are stored.
  public var type: TokenType
  /// The fingerprint of the tokenizer that made the ids.
  public var tokenizer: String
  /// How many tokens that tokenizer has.
  public var vocabularySize: Int
  /// How many ids the shard holds.
  public var count: Int
  /// How many documents end in it.
  public var documents: Int
  /// How many bytes of text the ids stand for, for bits per byte.
  public var bytes: Int
  /// How many of the ids count in a loss on answers, as the `.mask` beside the shard says; nil where there is none.
  public var lossTokens: Int?

  /// What a shard with these tokens says of itself.
  public init(
    type: TokenType, tokenizer: String, vocabularySize: Int, count: Int, documents: Int, bytes: Int,
    lossTokens: Int? = nil
  ) {
    self.type = type
    self.tokenizer = tokenizer
    self.vocabularySize = vocabularySize
    self.count = count
    self.documents = documents
    self.bytes = bytes
    self.lossTokens = lossTokens
  }

  /// Reads a side-car.
  /// - Throws: `MohawkError` naming the file and the member that is missing or wrong.
  public init(path: String) throws {
    let file = try MappedFile(path)
    func fault(_ message: String) -> MohawkError {
      MohawkError(.invalidFormat, message, at: path, remedy: "encode the text again")
    }
    let root: JSONValue
    do {
      root = try file.withBytes { try JSONReader.document($0.bindMemory(to: UInt8.self)) }
    } catch let error as JSONFault {
      throw fault("\(error.message) (byte \(error.offset))")
    }
    guard case .object = root else { throw fault("the side-car is not a JSON object") }
    func number(_ key: String) throws -> Int {
      guard let value = root[key] else { throw fault("\(key) is missing") }
      guard let number = value.integer, number >= 0 else { throw fault("\(key) is \(value.summary), not a count") }
      return number
    }
    guard let type = root["type"]?.text.flatMap(TokenType.init(rawValue:)) else {
      throw fault("type is \(root["type"]?.summary ?? "missing"), not \"uint16\" or \"uint32\"")
    }
    guard let tokenizer = root["tokenizer"]?.text else { throw fault("tokenizer is missing or not a string") }
    self.init(
      type: type, tokenizer: tokenizer, vocabularySize: try number("vocabularySize"), count: try number("count"),
      documents: try number("documents"), bytes: try number("bytes"),
      lossTokens: root["lossTokens"] == nil ? nil : try number("lossTokens"))
  }

  /// Writes the side-car.
  func write(to path: String) throws {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys]
    try AtomicFile.write(try encoder.encode(self) + Data("\n".utf8), to: path)
  }
}
