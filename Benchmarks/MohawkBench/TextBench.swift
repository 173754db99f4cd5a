import ArgumentParser
import Foundation
import MohawkFiles
import MohawkReports
import MohawkText

/// Learning a vocabulary and encoding with it, on one thread.
struct TextBench: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "text", abstract: "Times learning a BPE vocabulary and encoding with it, on one thread.")

  @Argument(help: "A text file; the built-in stories when not given.") var file: String?
  @Option(help: "How much of it, in MB.") var megabytes = 10.0
  @Option(help: "Entries of the vocabulary.") var vocabulary = 4096
  @Option(help: "Rounds; medians are shown.") var rounds = 3

  func run() throws {
    let documents = try file.map { try [Self.beginning(of: $0, bytes: Int(megabytes * 1e6))] } ?? stories()
    let bytes = documents.reduce(0) { $0 + $1.count }
    var training = Samples()
    var first = Samples()
    var again = Samples()
    var tokens = 0
    var entries = 0
    for _ in 0..<rounds {
      var learned: Tokenizer?
      training.append(
        try Meter.measure {
          var trainer = BytePairTrainer()
          for document in documents { document.withUnsafeBufferPointer { trainer.add($0) } }
          learned = try trainer.train(vocabularySize: vocabulary)
        })
      let tokenizer = learned!
      entries = tokenizer.vocabularySize
      func encode() { tokens = documents.reduce(0) { $0 + tokenizer.encode($1).count } }
      first.append(Meter.measure(encode))
      again.append(Meter.measure(encode))
    }
    var table = Table([
      .init("work"), .init("s", .right), .init("CPU s", .right), .init("MB per CPU s", .right),
    ])
    let works = [
      ("learning \(entries) entries", training), ("encoding", first), ("encoding again, words known", again),
    ]
    for (name, samples) in works {
      let cpu = samples.median(\.cpuSeconds)
      table.add([
        name, String(format: "%.2f", samples.median(\.seconds)), String(format: "%.2f", cpu),
        String(format: "%.1f", Double(bytes) / cpu / 1e6),
      ])
    }
    let source = file ?? "built-in stories"
    MohawkBench.say(
      String(
        format: "%.1f MB of %@ in %d documents: %d tokens, %.2f bytes each; one thread, %d rounds\n",
        Double(bytes) / 1e6, source, documents.count, tokens, Double(bytes) / Double(tokens), rounds))
    MohawkBench.say(table.text)
    if entries < vocabulary {
      MohawkBench.say("The text has too few different words for \(vocabulary) entries: no pair occurs twice any more.")
    }
  }

  private func stories() -> [[UInt8]] {
    let generator = StoryGenerator(seed: 1)
    var result: [[UInt8]] = []
    var bytes = 0
    while Double(bytes) < megabytes * 1e6 {
      result.append(Array(generator.story(at: result.count).utf8))
      bytes += result.last!.count
    }
    return result
  }

  private static func beginning(of path: String, bytes: Int) throws -> [UInt8] {
    try MappedFile(path).withBytes { Array($0.prefix(bytes)) }
  }
}
