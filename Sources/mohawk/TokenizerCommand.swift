import ArgumentParser
import Foundation
import MohawkFiles
import MohawkText

/// Trains a byte-level BPE vocabulary.
struct TokenizerCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "tokenizer", abstract: "Trains a byte-level BPE vocabulary and writes tokenizer.json.")

  @Argument(help: "Text: .txt, .jsonl, both also .gz, or folders.") var text: [String]
  @Option(help: "Entries of the vocabulary.") var vocabulary = 4096
  @Option(name: .shortAndLong, help: "Where to write.") var output = "tokenizer.json"

  func run() throws {
    let corpus = try Corpus(paths: text)
    var trainer = BytePairTrainer()
    try trainer.add(corpus)
    let tokenizer = try trainer.train(vocabularySize: vocabulary)
    try tokenizer.write(to: output)
    Terminal.say("\(output): \(tokenizer.vocabularySize) entries from \(corpus.files.count) files")
  }
}
