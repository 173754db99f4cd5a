import Foundation
import MohawkFiles
import MohawkRecipes

/// What a run folder tells: everything that `report.html` shows.
///
/// Only `metrics.jsonl` and `recipe.yaml` are made by every run; other files add their sections when they are there.
/// A file that cannot be read is named in `notes` and on the page instead of stopping the report.
public struct RunReport {
  /// Names of the files in a run folder.
  public enum FileName {
    /// The resolved recipe.
    public static let recipe = "recipe.yaml"
    /// Every event of training, a line each.
    public static let metrics = "metrics.jsonl"
    /// An `EvaluationSummary`.
    public static let evaluation = "evaluation.json"
    /// A list of `MatrixPair`.
    public static let matrices = "matrices.json"
    /// The matrices right after stage 1, kept until the final ones are written beside them.
    public static let orientedMatrices = "matrices-orientation.json"
    /// A list of `TextSample`.
    public static let samples = "samples.json"
    /// A list of `DecodeCost`.
    public static let decode = "decode.json"
    /// A list of `WeightTransferRow`.
    public static let transfer = "transfer.json"
    /// What both models are at the start.
    public static let start = "start.json"
    /// A `TaskComparison`.
    public static let tasks = "tasks.json"
    /// A list of `RunChange`.
    public static let changes = "changes.json"
    /// The page itself.
    public static let report = "report.html"
  }

  /// The run folder.
  public let folder: String
  /// The text of `recipe.yaml`.
  public internal(set) var recipeText: String?
  /// What `recipeText` says, when it can be read.
  public internal(set) var recipe: Recipe?
  /// What the run set out to do.
  public internal(set) var info: RunInfo?
  /// The course of each stage that has begun.
  public internal(set) var stages: [StageSummary] = []
  /// The final comparison.
  public internal(set) var evaluation: EvaluationSummary?
  /// Mixing matrices of both models.
  public internal(set) var matrices: [MatrixPair] = []
  /// How both models go on.
  public internal(set) var samples: [TextSample] = []
  /// The cost of the next token.
  public internal(set) var decode: [DecodeCost] = []
  /// Where the student's parameters come from.
  public internal(set) var transfer: [WeightTransferRow] = []
  /// What both models are at the start.
  public internal(set) var start: RunStart?
  /// What both models reached in tasks.
  public internal(set) var tasks: TaskComparison?
  /// What was changed in the recipe while the run went on.
  public internal(set) var changes: [RunChange] = []
  /// Files that are there but could not be read, and why.
  public internal(set) var notes: [String] = []

  /// Reads a run folder.
  /// - Throws: `MohawkError` when it is missing or holds neither recipe nor metrics.
  public init(folder: String) throws {
    self.folder = folder
    var isFolder: ObjCBool = false
    guard FileManager.default.fileExists(atPath: folder, isDirectory: &isFolder), isFolder.boolValue else {
      throw MohawkError(.missingFile, "there is no such run folder", at: folder, remedy: "check the path")
    }
    let path = { (name: String) in "\(folder)/\(name)" }
    recipeText = attempt(path(FileName.recipe)) {
      String(decoding: try Self.contents($0), as: UTF8.self)
    }
    if let recipeText {
      recipe = attempt(path(FileName.recipe)) { try RecipeLoader.parse(recipeText, source: $0) }
    }
    let events = attempt(path(FileName.metrics)) { try MetricsLog.read($0) }
    guard recipeText != nil || events != nil else {
      throw MohawkError(
        .missingFile, "this folder holds neither \(FileName.recipe) nor \(FileName.metrics)", at: folder,
        remedy: "name the folder of a run")
    }
    stages = StageSummary.all(events ?? [])
    for case .started(let info) in events ?? [] { self.info = info }
    evaluation = decoded(path(FileName.evaluation))
    matrices = decoded(path(FileName.matrices)) ?? []
    samples = decoded(path(FileName.samples)) ?? []
    decode = decoded(path(FileName.decode)) ?? []
    transfer = decoded(path(FileName.transfer)) ?? []
    start = decoded(path(FileName.start))
    tasks = decoded(path(FileName.tasks))
    changes = decoded(path(FileName.changes)) ?? []
  }

  /// Writes `report.html` into the run folder.
  /// - Returns: its path.
  @discardableResult
  public func write() throws -> String {
    let path = "\(folder)/\(FileName.report)"
    try AtomicFile.write(html, to: path)
    return path
  }

  /// Writes one of the files that a report reads, such as `samples.json`.
  public static func save(_ value: some Encodable, as name: String, in folder: String) throws {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    encoder.nonConformingFloatEncodingStrategy = .convertToString(
      positiveInfinity: "inf", negativeInfinity: "-inf", nan: "nan")
    try AtomicFile.write(encoder.encode(value), to: "\(folder)/\(name)")
  }

  private static func contents(_ path: String) throws -> Data {
    try MappedFile(path).withBytes { Data($0) }
  }

  private mutating func decoded<Value: Decodable>(_ path: String) -> Value? {
    attempt(path) { path in
      let decoder = JSONDecoder()
      decoder.nonConformingFloatDecodingStrategy = .convertFromString(
        positiveInfinity: "inf", negativeInfinity: "-inf", nan: "nan")
      do {
        return try decoder.decode(Value.self, from: Self.contents(path))
      } catch let error as DecodingError {
        throw MohawkError(.invalidFormat, Self.sentence(error), at: path)
      }
    }
  }

  /// Reads a file that may be missing; a broken one becomes a note.
  private mutating func attempt<Value>(_ path: String, _ read: (String) throws -> Value) -> Value? {
    guard FileManager.default.fileExists(atPath: path) else { return nil }
    do {
      return try read(path)
    } catch {
      // The page may be passed on: it names the file, not where it lies.
      notes.append("\(error)".replacingOccurrences(of: folder + "/", with: ""))
      return nil
    }
  }

  private static func sentence(_ error: DecodingError) -> String {
    let (context, what): (DecodingError.Context, String) =
      switch error {
      case .keyNotFound(let key, let context): (context, "“\(key.stringValue)” is missing")
      case .typeMismatch(_, let context): (context, "a value is of the wrong kind")
      case .valueNotFound(_, let context): (context, "a value is missing")
      case .dataCorrupted(let context):
        (context, context.codingPath.isEmpty ? "this is not JSON" : context.debugDescription)
      @unknown default: (.init(codingPath: [], debugDescription: ""), "this is not what a report reads")
      }
    let place = context.codingPath.map { $0.intValue.map { "[\($0)]" } ?? $0.stringValue }.joined(separator: ".")
    return place.isEmpty ? what : "\(what), at \(place)"
  }
}
