import ArgumentParser
import Foundation
import MohawkDecoding
import MohawkFiles
import MohawkModels
import MohawkTensor
import MohawkTraining

/// This package's side of a comparison of decoding.
struct DecodingWorker: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "decoding-worker", abstract: "Reads or writes tokens, once per line of standard input.",
    shouldDisplay: false)

  /// What one turn is.
  enum Work: String, ExpressibleByArgument {
    /// Some tokens, one after the other, for every sequence.
    case write
    /// A prompt from its beginning.
    case read
  }

  @Argument var work: Work
  @Option var model: String
  @Option var threads = 1
  @Option var batch = 1
  @Option var context = 512
  @Option var tokens = 16

  func run() throws {
    Runtime.keepFreedMemory()
    Runtime.threads = threads
    let engine = try DecodingEngine.open(model)
    let prompt = RandomGenerator(seed: 3).integers(0..<engine.vocabulary, [max(context, 1024)]).integers().map(
      Int32.init)
    Turns.introduce(Introduction(programMiB: ProcessMemory.current().resident))
    switch work {
    case .read:
      while Turns.isAsked() {
        let state = engine.emptyState()
        Turns.answer(Meter.measure { _ = engine.read(Array(prompt.prefix(context)), state) })
      }
    case .write:
      let states = (0..<batch).map { _ in engine.emptyState() }
      for state in states {
        for first in stride(from: 0, to: context, by: 1024) {
          _ = engine.read(Array(prompt[0..<min(1024, context - first)]), state)
        }
      }
      var ids = prompt.prefix(batch).map { $0 }
      while Turns.isAsked() {
        var sample = Meter.measure {
          for _ in 0..<tokens { ids = engine.step(ids, states).argmax(-1).integers().map(Int32.init) }
        }
        sample.seconds /= Double(tokens)
        sample.cpuSeconds /= Double(tokens)
        Turns.answer(sample)
      }
    }
  }
}

extension WeightPrecision: ExpressibleByArgument {}
