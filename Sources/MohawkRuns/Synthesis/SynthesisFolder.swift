import Foundation
import MohawkFiles
import MohawkServing
import MohawkTraining

/// The files of synthesized text: documents in the order of their numbers, whatever order they end in.
///
/// Finished documents go to a journal at once, so that a killed process loses only what it was writing; in order, they
/// become shards, each of which is whole or not there.
final class SynthesisFolder {
  let path: String
  private(set) var manifest: SynthesisManifest
  /// Finished documents that are in no shard.
  private(set) var waiting: [Int: SynthesizedDocument] = [:]
  /// Documents from the first one that are finished, without a gap, and the tokens of them.
  private(set) var ready = 0, readyTokens = 0
  private let shardTokens: Int
  private var journal: FileHandle?
  private var journalPath: String { path + "/.journal" }

  /// Opens a folder that is new, or holds text with the same settings.
  init(_ path: String, _ wanted: SynthesisManifest, shardTokens: Int) throws {
    (self.path, self.shardTokens) = (path, shardTokens)
    let place = path + "/" + SynthesisManifest.name
    if FileManager.default.fileExists(atPath: place) {
      manifest = try .read(place)
      if let difference = wanted.settings.difference(from: manifest.settings) {
        throw MohawkError(
          .mismatch, "the folder holds text of another command: \(difference)", at: path,
          remedy: "give the same command to continue it, or choose another folder")
      }
      for shard in manifest.shards {
        try shard.digest.require(path + "/" + shard.name, as: "a part of this text", remedy: "choose another folder")
      }
    } else {
      let names = try FileManager.default.contentsOfDirectory(atPath: path)
      guard names.allSatisfy({ $0 == ".lock" }) else {
        throw MohawkError(
          .alreadyInUse, "the folder is not empty, and what it holds is no synthesized text", at: path,
          remedy: "choose another folder")
      }
      manifest = wanted
      try manifest.write(to: place)
    }
    (ready, readyTokens) = (manifest.documents, manifest.tokens)
    try readJournal()
    advance()
  }

  func isKnown(_ index: Int) -> Bool { index < ready || waiting[index] != nil }
  /// Finished documents that come after a gap: their tokens, and the last one; -1 when there is none.
  var later: (tokens: Int, last: Int) {
    waiting.reduce(into: (0, -1)) { later, item in
      guard item.key >= ready else { return }
      later.tokens += item.value.counted
      later.last = max(later.last, item.key)
    }
  }

  func add(_ document: SynthesizedDocument) throws {
    waiting[document.index] = document
    do {
      try note(document)
    } catch let error as MohawkError {
      throw error
    } catch {
      throw MohawkError(
        .notWritable, "the journal cannot be written: \(error.localizedDescription)", at: journalPath,
        remedy: "free some space and give the same command again")
    }
    advance()
  }

  /// Appends a document to the journal.
  private func note(_ document: SynthesizedDocument) throws {
    if journal == nil {
      if !FileManager.default.fileExists(atPath: journalPath) { try AtomicFile.write("", to: journalPath) }
      journal = try FileHandle(forWritingTo: URL(fileURLWithPath: journalPath))
      try journal?.seekToEnd()
    }
    try journal?.write(contentsOf: Self.line(document))
  }

  /// Whether the documents so far, in their order, have enough tokens.
  var isEnough: Bool { readyTokens >= manifest.settings.tokens }

  /// Writes the shards that are full; at the end also the last one.
  func writeShards() throws {
    while let part = nextShard() {
      let name = String(format: "part-%05d.jsonl", manifest.shards.count)
      let kept = part.filter { !$0.written.isEmpty }
      if !kept.isEmpty {
        var bytes = Data()
        for document in kept { bytes += try Self.line(document) }
        try AtomicFile.write(bytes, to: path + "/" + name)
        manifest.shards.append(
          .init(
            name: name, documents: kept.count, tokens: kept.reduce(0) { $0 + $1.tokens },
            digest: try FileDigest(of: path + "/" + name)))
      }
      manifest.emptyDocuments += part.count - kept.count
      try manifest.write(to: path + "/" + SynthesisManifest.name)
      for document in part { waiting[document.index] = nil }
      try rewriteJournal()
    }
  }

  func finish() throws {
    var counter = RepetitionCounter()
    for shard in manifest.shards {
      for document in try Self.documents(path + "/" + shard.name, lenient: false) { counter.add(document) }
    }
    manifest.repetition = counter.result
    manifest.isFinished = true
    try manifest.write(to: path + "/" + SynthesisManifest.name)
    waiting = [:]
    journal = nil
    try? FileManager.default.removeItem(atPath: journalPath)
  }

  /// The documents of the next shard, when they are all finished: as many as it takes to reach its tokens.
  private func nextShard() -> [SynthesizedDocument]? {
    var part: [SynthesizedDocument] = []
    var tokens = 0
    var all = manifest.tokens
    if all >= manifest.settings.tokens { return nil }
    for index in manifest.documents..<max(ready, manifest.documents) {
      guard let document = waiting[index] else { return nil }
      part.append(document)
      tokens += document.counted
      all += document.counted
      if tokens >= shardTokens || all >= manifest.settings.tokens { return part }
    }
    return nil
  }

  private func advance() {
    while readyTokens < manifest.settings.tokens, let document = waiting[ready] {
      readyTokens += document.counted
      ready += 1
    }
  }

  private func readJournal() throws {
    guard FileManager.default.fileExists(atPath: journalPath) else { return }
    for document in try Self.documents(journalPath, lenient: true) where document.index >= manifest.documents {
      waiting[document.index] = document
    }
    try rewriteJournal()  // without the half of a line that a killed process may have left
  }

  private func rewriteJournal() throws {
    try journal?.close()
    journal = nil
    var bytes = Data()
    for index in waiting.keys.sorted() { bytes += try Self.line(waiting[index]!) }
    try AtomicFile.write(bytes, to: journalPath)
  }

  static func line(_ document: SynthesizedDocument) throws -> Data {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    return try encoder.encode(SynthesisLine(document)) + Data("\n".utf8)
  }

  /// - Parameter lenient: whether reading ends without an error at a line that is not whole.
  static func documents(_ path: String, lenient: Bool) throws -> [SynthesizedDocument] {
    let data = try MappedFile(path).withBytes { Data($0) }
    var documents: [SynthesizedDocument] = []
    for line in data.split(separator: 0x0A) {
      guard let read = try? JSONDecoder().decode(SynthesisLine.self, from: line) else {
        if lenient { break }
        throw MohawkError(.invalidFormat, "a line is no synthesized document", at: path)
      }
      documents.append(read.document)
    }
    return documents
  }
}

extension SynthesizedDocument {
  /// Tokens that count; an empty document is in no file and counts for none.
  fileprivate var counted: Int { written.isEmpty ? 0 : tokens }
}

/// A document as a line of a file: `text` is what training reads.
struct SynthesisLine: Codable {
  struct Message: Codable { var role, content: String }
  var index: Int
  var seed: UInt64
  var text: String
  var tokens: Int
  var finish: BatchEvent.Finish
  var prompt: String?
  var messages: [Message]?

  init(_ document: SynthesizedDocument) {
    (index, seed, text, tokens) = (document.index, document.seed, document.text, document.tokens)
    (finish, prompt) = (document.finish, document.prompt)
    messages = document.question.map {
      [Message(role: "user", content: $0), Message(role: "assistant", content: document.written)]
    }
  }

  var document: SynthesizedDocument {
    SynthesizedDocument(
      index: index, seed: seed, prompt: prompt, question: messages?.first?.content,
      written: String(decoding: text.utf8.dropFirst(prompt?.utf8.count ?? 0), as: UTF8.self), tokens: tokens,
      finish: finish)
  }
}
