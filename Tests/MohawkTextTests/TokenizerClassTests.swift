import Foundation
import MohawkFiles
import Synchronization
import Testing

@testable import MohawkText

/// What `AutoTokenizer` of transformers 5.23 makes of folders whose class makes parts of `tokenizer.json` anew, written by
/// Scripts/goldens/tokenizer_class_goldens.py.
struct ClassGoldens: Decodable {
  struct Case: Decodable, CustomTestStringConvertible {
    let family: String
    let model: String
    let configuration: String
    let size: Int
    let ids: [[Int32]?]
    let decoded: [String?]
    var testDescription: String { "\(family) \(model) \(configuration)" }
  }

  let texts: [String]
  let cases: [Case]

  static let all = try! JSONDecoder().decode(
    ClassGoldens.self,
    from: Data(contentsOf: URL(fileURLWithPath: TokenizerGoldens.folder + "/tokenizer-classes.json")))
}

@Suite struct TokenizerClassTests {
  private static func file(_ family: String) throws -> String {
    try #require(FamilyGoldens.all.families.first { $0.name == family }).tokenizer
  }

  private func folder(_ files: [String: String]) throws -> TemporaryFolder {
    let folder = try TemporaryFolder()
    for (name, text) in files { try folder.write(name, text) }
    return folder
  }

  private func folder(_ item: ClassGoldens.Case) throws -> TemporaryFolder {
    try folder([
      "tokenizer.json": Self.file(item.family), "tokenizer_config.json": item.configuration,
      "config.json": #"{"model_type": "\#(item.model)"}"#,
    ])
  }

  @Test(arguments: ClassGoldens.all.cases) func idsAndTextsAreThoseOfTransformers(_ item: ClassGoldens.Case) throws {
    let folder = try folder(item)
    let tokenizer = try Tokenizer(folder: folder.path)
    #expect(tokenizer.vocabularySize == item.size)
    for (index, text) in ClassGoldens.all.texts.enumerated() {
      guard let ids = item.ids[index] else { continue }
      let whole = tokenizer.encode(text, addingSpecial: true)
      #expect(whole == ids, "\(text.debugDescription)")
      #expect(try tokenizer.decode(tokenizer.encode(text)) == item.decoded[index], "\(text.debugDescription)")
    }
    // What is written is one file that says the same, by whichever class.
    #expect(try Tokenizer(json: tokenizer.json()).fingerprint == tokenizer.fingerprint)
  }

  /// A model of another kind opens the settled files by another class.
  @Test(arguments: ["llama", "granitemoehybrid", "gpt2", "gemma2"]) func settledFilesSayTheSameToEveryClass(
    _ model: String
  ) throws {
    for item in ClassGoldens.all.cases where item.model == "llama" {
      let source = try folder(item)
      guard let files = try Tokenizer.settledFiles(inFolder: source.path) else { continue }
      let target = try TemporaryFolder()
      for (name, contents) in files { try target.write(name, Data(contents)) }
      try target.write("config.json", #"{"model_type": "\#(model)"}"#)
      let (first, second) = (try Tokenizer(folder: source.path), try Tokenizer(folder: target.path))
      #expect(first.fingerprint == second.fingerprint, "\(item.testDescription)")
      #expect(first.ends == second.ends && first.beginningOfText == second.beginningOfText, "\(item.testDescription)")
    }
  }

  /// The user hears where the file would be read otherwise, and how to have it so.
  @Test(arguments: [
    ("tinyllama", "LlamaTokenizer", "the way in which texts are cut"), ("mistral", "LlamaTokenizer", nil),
    ("metaspace-never", "CodeLlamaTokenizerFast", "the way in which texts are cut"),
    ("smollm", "GPT2TokenizerFast", "the way in which texts are cut"), ("smollm", "TokenizersBackend", nil),
    ("smollm", "PreTrainedTokenizerFast", nil), ("smollm", "NoSuchTokenizer", nil),
    ("gemma", "GemmaTokenizer", "the list of added tokens"),
    ("llama-3", "LlamaTokenizer", nil), ("bytes-whole", "GPT2Tokenizer", "the way in which texts are cut"),
  ]) func partsThatAClassMakesAnewAreTold(_ family: String, _ style: String, _ told: String?) throws {
    let notices = Mutex<[String]>([])
    let folder = try folder([
      "tokenizer.json": Self.file(family), "tokenizer_config.json": #"{"tokenizer_class": "\#(style)"}"#,
    ])
    _ = try Notice.handling(by: { notice in notices.withLock { $0.append(notice) } }) {
      try Tokenizer(folder: folder.path)
    }
    let heard = notices.withLock { $0 }
    #expect(heard.count == (told == nil ? 0 : 1), "\(heard)")
    #expect(heard.allSatisfy { $0.contains(told ?? "") && $0.contains("PreTrainedTokenizerFast") }, "\(heard)")
  }

  @Test(arguments: ["RobertaTokenizer", "WhisperTokenizerFast", "NllbTokenizer"])
  func classesOfOtherKindsAreRefusedByName(_ style: String) throws {
    let folder = try folder([
      "tokenizer.json": Self.file("smollm"), "tokenizer_config.json": #"{"tokenizer_class": "\#(style)"}"#,
    ])
    let error = #expect(throws: MohawkError.self) { try Tokenizer(folder: folder.path) }
    #expect(error?.code == .unsupported && error?.message.contains("Tokenizer\"") == true)
    #expect(error?.remedy?.contains("PreTrainedTokenizerFast") == true)
  }

  /// A class takes vocabulary and merges alone, so that other parts may be of any kind.
  @Test func partsThatTheClassDoesNotReadDoNotMatter() throws {
    let file = try Self.file("tinyllama").replacing(
      /"normalizer":\s*\{"type":"Sequence"/, with: #""normalizer":{"type":"Precompiled"},"x":{"type":"Sequence""#)
    #expect(throws: MohawkError.self) { try Tokenizer(json: Array(file.utf8)) }
    let folder = try folder([
      "tokenizer.json": file, "tokenizer_config.json": #"{"tokenizer_class": "LlamaTokenizer"}"#,
    ])
    let other = try self.folder([
      "tokenizer.json": Self.file("tinyllama"), "tokenizer_config.json": #"{"tokenizer_class": "LlamaTokenizer"}"#,
    ])
    #expect(try Tokenizer(folder: folder.path).fingerprint == Tokenizer(folder: other.path).fingerprint)
  }
}
