import Foundation
import MohawkFiles
import MohawkRecipes

/// `manifest.json` of a folder of teacher signals: whose they are, what is kept, and which shards are finished.
public struct SignalManifest: Codable, Sendable, Equatable {
  /// The layout that this version writes and reads.
  public static let currentVersion = 1
  static let fileName = "manifest.json"

  /// What a shard keeps of every sequence.
  public enum Part: String, Codable, Sendable, CaseIterable {
    /// The most likely ids of every position with their probabilities, and the mass of all others: for stage 3.
    case top
    /// The hidden states that enter layers: for stages 1 and 2.
    case inputs
  }

  /// What decides every number: signals of other sources are not the same signals.
  public struct Source: Codable, Sendable, Equatable {
    /// ``TeacherDigest`` of the teacher.
    public var teacher: String
    /// The tokenizer's fingerprint.
    public var tokenizer: String
    /// Rows of the teacher's head.
    public var vocabulary: Int
    /// Width of its hidden states.
    public var modelDim: Int
    /// Tokens of a sequence.
    public var sequenceLength: Int
    /// The type that the teacher computed in.
    public var precision: Precision

    /// One argument per property.
    public init(
      teacher: String, tokenizer: String, vocabulary: Int, modelDim: Int, sequenceLength: Int, precision: Precision
    ) {
      self.teacher = teacher
      self.tokenizer = tokenizer
      self.vocabulary = vocabulary
      self.modelDim = modelDim
      self.sequenceLength = sequenceLength
      self.precision = precision
    }
  }

  /// A finished file.
  public struct Shard: Codable, Sendable, Equatable {
    /// Its name in the folder.
    public var file: String
    /// What it keeps.
    public var part: Part
    /// How many sequences.
    public var sequences: Int
    /// The mean over its positions of the mass that is not named; of the part `top` only.
    public var rest: Double?
    /// Its size and hash.
    public var digest: FileDigest
  }

  /// The layout of this folder.
  public var version = SignalManifest.currentVersion
  /// What decides every number.
  public var source: Source
  /// Ids kept of every position; nil when none are.
  public var top: Int?
  /// Layers whose inputs are kept, from 0; nil when none are.
  public var layers: [Int]?
  /// For people: the teacher's folder, the text, and the seed of its order, when the command was last given.
  public var teacherFolder: String
  /// See `teacherFolder`.
  public var text: [String]
  /// See `teacherFolder`.
  public var seed: UInt64
  /// What is finished, in the order in which it was written.
  public var shards: [Shard] = []

  /// A manifest without shards.
  public init(
    source: Source, top: Int?, layers: [Int]?, teacherFolder: String, text: [String], seed: UInt64
  ) {
    self.source = source
    self.top = top
    self.layers = layers
    self.teacherFolder = teacherFolder
    self.text = text
    self.seed = seed
  }

  /// Reads the manifest of a folder.
  /// - Throws: `MohawkError` when there is none, or it cannot be read.
  public init(folder: String) throws {
    let path = folder + "/" + Self.fileName
    guard FileManager.default.fileExists(atPath: path) else {
      throw MohawkError(
        .missingFile, "there are no teacher signals here: no \(Self.fileName)", at: folder,
        remedy: "check the path, or write them with mohawk signals")
    }
    let data = try MappedFile(path).withBytes { Data($0) }
    struct Versioned: Decodable { var version: Int }
    do {
      let version = try JSONDecoder().decode(Versioned.self, from: data).version
      guard version == Self.currentVersion else {
        throw MohawkError(
          .unsupported, "the signals have format version \(version), not \(Self.currentVersion)", at: path,
          remedy: "write them again with this version")
      }
      self = try JSONDecoder().decode(Self.self, from: data)
    } catch is DecodingError {
      throw MohawkError(.invalidFormat, "the manifest cannot be read", at: path, remedy: "write the signals again")
    }
  }

  /// The mean mass outside of the top over all positions; nil when no top is kept. Large ones ask for a larger top.
  public var meanRest: Double? {
    let some = shards.filter { $0.rest != nil }
    let sequences = some.reduce(0) { $0 + $1.sequences }
    return sequences == 0 ? nil : some.reduce(0) { $0 + $1.rest! * Double($1.sequences) } / Double(sequences)
  }

  /// Writes the manifest into a folder.
  func write(to folder: String) throws {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
    try AtomicFile.write(try encoder.encode(self) + Data("\n".utf8), to: folder + "/" + Self.fileName)
  }

  /// Refuses other signals than these.
  /// - Parameter folder: where these are.
  func requireSource(_ wanted: Source, at folder: String) throws {
    func refuse(_ message: String, _ remedy: String) -> MohawkError {
      MohawkError(.mismatch, message, at: folder, remedy: remedy)
    }
    if source.teacher != wanted.teacher {
      throw refuse(
        "these signals are of another teacher, once at \(teacherFolder)", "use signals of this teacher, or that teacher"
      )
    }
    if source.tokenizer != wanted.tokenizer || source.vocabulary != wanted.vocabulary {
      throw refuse(
        "these signals are of text that another tokenizer encoded", "use the tokenizer that they were made with")
    }
    if source.sequenceLength != wanted.sequenceLength {
      throw refuse(
        "these signals are of sequences of \(source.sequenceLength) tokens, not \(wanted.sequenceLength)",
        "set data.sequenceLength to \(source.sequenceLength), or write signals of \(wanted.sequenceLength) elsewhere")
    }
  }
}
