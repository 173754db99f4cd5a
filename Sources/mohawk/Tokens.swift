import ArgumentParser
import Foundation
import MohawkCommands
import MohawkFiles
import MohawkRecipes
import MohawkText
import MohawkTraining

/// Encodes text into token shards.
struct Tokens: ParsableCommand {
  static let configuration = CommandConfiguration(abstract: "Encodes text into token shards that training maps.")

  @Argument(help: "Text: .txt, .md, .jsonl, .json, all also .gz or .zst, .parquet, or folders.") var text: [String]
  @Option(help: "The member of JSON objects that holds a document's text.") var textKey = "text"
  @Option(
    help: "answers: marks what the assistant writes in conversations, for runs with data.lossOn=answers; or all.")
  var lossOn = LossTokens.all
  @Option(help: "What to encode with: a model's folder, a tokenizer.json or a GGUF file.") var tokenizer: String
  @Option(name: .shortAndLong, help: "The folder to write.") var output: String
  @Option(help: "Tokens per shard.") var shard = 100_000_000

  func run() throws {
    guard shard > 0 else { throw MohawkError(.invalidValue, "--shard is \(shard), it must be above 0") }
    var isFolder: ObjCBool = false
    if FileManager.default.fileExists(atPath: output, isDirectory: &isFolder), !isFolder.boolValue {
      throw MohawkError(.alreadyInUse, "this is a file, not a folder", at: output, remedy: "choose another name")
    }
    let folder = ChatTemplate.folder(ofTokenizer: tokenizer)
    let tokenizer = try Tokenizer(fileOrFolder: tokenizer)
    let corpus = try Corpus(
      paths: text, CorpusOptions(textKey: textKey, chatFolder: folder, findsAnswers: lossOn == .answers))
    corpus.notices.forEach(Terminal.complain)
    StopSignal.install()
    var shown = ContinuousClock.now
    let shards = try TokenShards.encode(
      corpus, with: tokenizer, to: output, tokensPerShard: shard, lossOnAnswers: lossOn == .answers,
      progress: { done, total in
        guard ContinuousClock.now - shown > .seconds(1) else { return }
        shown = .now
        Terminal.complain(
          String(format: "%.0f %% of %.1f MB", 100 * Double(done) / Double(max(total, 1)), Double(total) / 1e6))
      }, shouldStop: { StopSignal.isRequested })
    corpus.findings.forEach { Terminal.complain($0) }
    let answers = shards.lossTokens.map { ", \($0) of them in answers" } ?? ""
    Terminal.say(
      "\(output): \(shards.count) tokens of \(shards.documents) documents, \(shards.bytes) bytes\(answers)")
  }
}

extension LossTokens: ExpressibleByArgument {}
