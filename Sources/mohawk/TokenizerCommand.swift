import ArgumentParser
import Foundation
import MohawkCommands
import MohawkFiles
import MohawkText

/// Trains a byte-level BPE vocabulary.
struct TokenizerCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "tokenizer", abstract: "Trains a byte-level BPE vocabulary and writes tokenizer.json.")

  @Argument(help: "Text: .txt, .md, .jsonl, .json, all also .gz or .zst, or folders.") var text: [String]
  @Option(help: "The member of JSON objects that holds a document's text.") var textKey = "text"
  @Option(help: "Entries of the vocabulary.") var vocabulary = 4096
  @Option(name: .shortAndLong, help: "Where to write.") var output = "tokenizer.json"

  func run() throws {
    let corpus = try Corpus(paths: text, CorpusOptions(textKey: textKey))
    corpus.notices.forEach(Terminal.complain)
    var trainer = BytePairTrainer()
    try trainer.add(corpus)
    let tokenizer = try trainer.train(vocabularySize: vocabulary)
    try tokenizer.write(to: output)
    Terminal.say("\(output): \(tokenizer.vocabularySize) entries from \(corpus.files.count) files")
  }
}
