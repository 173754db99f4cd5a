import ArgumentParser
import Foundation
import MohawkDecoding
import MohawkFiles
import MohawkModels
import MohawkRecipes
import MohawkReports
import MohawkTensor

/// What one more token costs a Transformer and its state-space student, or a Mamba-2, after contexts of growing length.
struct DecodeContexts: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "contexts",
    abstract: "Times single-token steps of a Phi and its Phi-Mamba, or of a Mamba-2, after contexts of growing length.")

  @Option(help: "tiny, small or medium.") var preset = Preset.Name.small
  @Option(help: "fp32 or bf16.") var precision = Precision.float32
  @Option(help: "A Mamba-2 with drawn weights instead of the pair: tiny, 130m or 370m.") var mamba: DecodingModel?
  @Option(help: "Threads.") var threads = 1
  @Option(parsing: .upToNextOption, help: "Tokens before the first timed one.") var contexts = [128, 1024, 8192]
  @Option(help: "Tokens that are timed.") var steps = 41

  func run() throws {
    guard steps > 0, contexts.allSatisfy({ $0 > 0 }) else {
      throw MohawkError(.invalidValue, "--steps and --contexts must be above 0")
    }
    Runtime.keepFreedMemory()
    Runtime.threads = threads
    let works = try engines().flatMap { name, engine in
      let first = Continuation(name, engine, context: contexts[0])
      return [first] + contexts.dropFirst().map { Continuation(name, engine, context: $0, comparedWith: first) }
    }
    for step in 0..<(steps + 2) {
      for work in works { work.step(timed: step >= 2) }
    }

    var table = Table([
      .init("model"), .init("context", .right), .init("ms per token", .right), .init("CPU ms per token", .right),
      .init("state MiB", .right), .init("times the first", .right),
    ])
    for work in works {
      table.add([
        work.name, "\(work.context)", String(format: "%.2f", 1e3 * work.samples.median(\.seconds)),
        String(format: "%.2f", 1e3 * work.samples.median(\.cpuSeconds)),
        String(format: "%.2f", Double(work.state.byteCount) / 1_048_576),
        String(format: "%.3f", work.first?.samples.ratio(of: work.samples, Basis.of(threads: threads)) ?? 1.0),
      ])
    }
    MohawkBench.say(
      "\(mamba.map { "Mamba-2 \($0.rawValue)" } ?? "Preset \(preset.rawValue)"), \(precision.rawValue), batch 1, \(threads) threads, medians of \(steps) tokens, one each in turn\n"
    )
    MohawkBench.say(table.text)
  }

  private func engines() throws -> [(name: String, engine: DecodingEngine)] {
    if let mamba {
      let files = try DecodingFiles(mamba, precision.dtype == .bfloat16 ? .bfloat16 : .float32)
      return [("Mamba-2", try DecodingEngine.open(files.own))]
    }
    let longest = (contexts.max() ?? 0) + steps + 2
    let (teacher, student) = try Preset(preset).pair(maxLength: longest, compute: precision.dtype)
    return [("Phi", teacher), ("Phi-Mamba", student)].map { name, model in
      model.freeze()
      return (name, DecodingEngine(model))
    }
  }
}

/// A text that a model continues token by token.
private final class Continuation {
  let name: String
  let context: Int
  let state: ModelState
  private(set) var samples = Samples()
  /// The shortest context of the same model; nil for itself.
  let first: Continuation?
  private let engine: DecodingEngine
  private let ids: [Int32]

  /// Reads `context` drawn tokens.
  init(_ name: String, _ engine: DecodingEngine, context: Int, comparedWith first: Continuation? = nil) {
    MohawkBench.notice("\(name) reads \(context) tokens")
    self.name = name
    self.context = context
    self.first = first
    self.engine = engine
    state = engine.emptyState()
    ids = RandomGenerator(seed: 3).integers(0..<engine.vocabulary, [1024]).integers().map(Int32.init)
    for first in stride(from: 0, to: context, by: 1024) {
      _ = engine.read(Array(ids.prefix(min(1024, context - first))), state)
    }
  }

  func step(timed: Bool) {
    let id = ids[state.position % 1024]
    let sample = Meter.measure { _ = engine.step([id], [state]) }
    if timed { samples.append(sample) }
  }
}
