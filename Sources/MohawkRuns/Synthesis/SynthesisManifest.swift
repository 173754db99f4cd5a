import Foundation
import MohawkFiles
import MohawkServing
import MohawkTraining

/// What a folder of synthesized text holds, and what decided it; `synthesis.json`.
public struct SynthesisManifest: Codable, Sendable, Equatable {
  /// Everything that decides which documents there are.
  public struct Settings: Codable, Sendable, Equatable {
    /// Tokens to be written at least; the last document may go over it.
    public var tokens = 0
    /// Tokens of a document at most.
    public var length = 0
    /// How tokens are chosen.
    public var temperature = 1.0, topP = 1.0, minP = 0.0, repetitionPenalty = 1.0
    /// The same, for the most likely ones.
    public var topK = 0
    /// Decides all draws.
    public var seed: UInt64 = 0
    /// Precision of the matrices.
    public var weights: String
    /// Of the model.
    public var model: String
    /// Of the tokenizer.
    public var tokenizer: String
    /// What documents begin with: `nothing`, `prompts` or `questions`.
    public var beginning: String
    /// Of all beginnings.
    public var prompts: String

    /// The first setting in which another one differs, in words; nil when there is none.
    func difference(from other: Settings) -> String? {
      func names(_ settings: Settings) -> [(String, String)] {
        Mirror(reflecting: settings).children.map { ($0.label ?? "", "\($0.value)") }
      }
      return zip(names(self), names(other)).first { $0.1 != $1.1 }
        .map { "\($0.0) was \($1.1) and is now \($0.1)" }
    }
  }

  /// One file of documents.
  public struct Shard: Codable, Sendable, Equatable {
    /// Its name in the folder.
    public var name: String
    /// What it holds.
    public var documents, tokens: Int
    /// Of the whole file.
    public var digest: FileDigest
  }

  /// What decided the documents.
  public var settings: Settings
  /// Where the model was.
  public var folder: String
  /// The finished files, in order.
  public var shards: [Shard] = []
  /// Documents of which the model wrote nothing: they count, and are in no file.
  public var emptyDocuments = 0
  /// Whether everything is written.
  public var isFinished = false
  /// How much the text repeats itself; only of finished text.
  public var repetition: TextRepetition?

  /// Documents in the files and empty ones.
  public var documents: Int { shards.reduce(emptyDocuments) { $0 + $1.documents } }
  /// Tokens that the model chose for the documents in the files.
  public var tokens: Int { shards.reduce(0) { $0 + $1.tokens } }

  static let name = "synthesis.json"

  static func read(_ path: String) throws -> SynthesisManifest {
    let data = try MappedFile(path).withBytes { Data($0) }
    do {
      return try JSONDecoder().decode(SynthesisManifest.self, from: data)
    } catch {
      throw MohawkError(
        .invalidFormat, "this is not a manifest of synthesized text", at: path, remedy: "choose another folder")
    }
  }

  func write(to path: String) throws {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
    try AtomicFile.write(try encoder.encode(self) + Data("\n".utf8), to: path)
  }
}
