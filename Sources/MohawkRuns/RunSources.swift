import Foundation
import MohawkFiles
import MohawkRecipes
import MohawkText

/// What a run stands on: which teacher, which tokenizer and which files of text its tokens were made from. Kept beside the
/// tokens, as `data/sources.json`, and looked at on every start.
struct RunSources: Codable, Equatable {
  /// The layout that this version writes and reads.
  static let currentVersion = 1
  static let fileName = "sources.json"

  var version = RunSources.currentVersion
  /// `TeacherDigest` of the teacher; nil where there is none.
  var teacher: String?
  /// The tokenizer's fingerprint; nil where the run trains its own.
  var tokenizer: String?
  /// Files of text to train on.
  var train: [FileIdentity]
  /// Files of held-out text.
  var validation: [FileIdentity]

  /// Reads what is there now.
  /// - Parameters:
  ///   - recipe: names the text.
  ///   - teacher: the teacher's digest.
  ///   - tokenizer: the tokenizer's fingerprint.
  ///   - before: what was found earlier: of files that are as they were the content is not read again.
  init(_ recipe: Recipe, teacher: String?, tokenizer: String?, knowing before: RunSources?) throws {
    self.teacher = teacher
    self.tokenizer = tokenizer
    func identities(_ paths: [String], _ before: [FileIdentity]?) throws -> [FileIdentity] {
      // Text that is gone altogether was encoded, and is not needed any more.
      if let before, !before.isEmpty, !paths.contains(where: { FileManager.default.fileExists(atPath: $0) }) {
        return before
      }
      let known = Dictionary((before ?? []).map { ($0.path, $0) }) { first, _ in first }
      return try TextSource.files(paths).map { try FileIdentity($0, known: known[$0]) }
    }
    train = try identities(recipe.data.train, before?.train)
    validation = try identities(recipe.data.validation, before?.validation)
  }

  /// What a folder was made from; nil when it does not say so.
  init?(in folder: String) throws {
    let path = folder + "/" + Self.fileName
    guard FileManager.default.fileExists(atPath: path) else { return nil }
    let data = try MappedFile(path).withBytes { Data($0) }
    guard let found = try? JSONDecoder().decode(Self.self, from: data), found.version == Self.currentVersion else {
      throw MohawkError(
        .invalidFormat, "what the tokens of this run were made from cannot be read", at: path,
        remedy: "remove its folder, and they are made again")
    }
    self = found
  }

  /// A hash of all that decides what is learnt, wherever it lies. Checkpoints carry it, so that tokens which were made
  /// anew are compared too.
  var fingerprint: String {
    let parts = [teacher ?? "", tokenizer ?? ""] + (train.map(\.digest.xxh64) + ["|"] + validation.map(\.digest.xxh64))
    return Data(parts.joined(separator: " ").utf8).withUnsafeBytes { FileDigest.hexadecimal(xxHash64($0)) }
  }

  /// Writes it beside the tokens.
  func write(to folder: String) throws {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
    try AtomicFile.write(try encoder.encode(self) + Data("\n".utf8), to: folder + "/" + Self.fileName)
  }

  /// What is another than it was, with the place; nil when all is the same.
  func change(from before: RunSources) -> (message: String, place: String?)? {
    if let theirs = before.teacher, let teacher, teacher != theirs {
      return ("the teacher's weights or its configuration have changed", nil)
    }
    if let theirs = before.tokenizer, let tokenizer, tokenizer != theirs { return ("the tokenizer has changed", nil) }
    return Self.change(train, before.train) ?? Self.change(validation, before.validation)
  }

  private static func change(_ now: [FileIdentity], _ before: [FileIdentity]) -> (message: String, place: String?)? {
    // The same contents in the same order are the same text, wherever they lie.
    if now.map(\.digest) == before.map(\.digest) { return nil }
    let theirs = Dictionary(before.map { ($0.path, $0) }) { first, _ in first }
    if let changed = now.first(where: { theirs[$0.path].map(\.digest) ?? $0.digest != $0.digest }) {
      return ("the text has changed", changed.path)
    }
    if let new = now.first(where: { theirs[$0.path] == nil }) { return ("the text has a new file", new.path) }
    let paths = Set(now.map(\.path))
    if let gone = before.first(where: { !paths.contains($0.path) }) {
      return ("a file of the text is gone", gone.path)
    }
    return ("the text has another order of files", now.first?.path)
  }
}

extension RunData {
  /// Compares what the tokens of a folder were made from with what is there now. Tokens of other text are removed when
  /// nothing has learnt from them, else the run is refused.
  /// - Parameters:
  ///   - recipe: names the text.
  ///   - folder: the run's.
  ///   - teacher: the teacher's digest.
  ///   - tokenizer: the tokenizer's fingerprint; nil where the run trains its own.
  ///   - hasLearnt: whether weights were saved that come from the tokens.
  ///   - notice: told what is encoded again, and why.
  /// - Returns: what is there now.
  static func settleSources(
    _ recipe: Recipe, _ folder: RunFolder, teacher: String?, tokenizer: String?, hasLearnt: Bool,
    notice: (String) -> Void
  ) throws -> RunSources {
    let before = try RunSources(in: folder.data)
    let now = try RunSources(recipe, teacher: teacher, tokenizer: tokenizer, knowing: before)
    if let before, let change = now.change(from: before) {
      let isShared = (try? FileManager.default.destinationOfSymbolicLink(atPath: folder.data)) != nil
      guard !hasLearnt, !isShared else {
        throw MohawkError(
          .mismatch, "\(change.message) since this run began to learn from it", at: change.place ?? folder.path,
          remedy: "put back what was there, or start another run in another folder")
      }
      notice(
        "\(change.place.map { "\($0): " } ?? "")\(change.message) since the last start, which made no step: the tokens are made anew"
      )
      try? FileManager.default.removeItem(atPath: folder.data)
      try AtomicFolder.ensure(folder.data)
    }
    if now != before { try now.write(to: folder.data) }
    return now
  }
}
