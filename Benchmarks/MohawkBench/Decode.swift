import ArgumentParser
import Foundation
import MohawkEvaluation
import MohawkModels
import MohawkRecipes
import MohawkReports
import MohawkTensor

/// What one more token costs a Transformer and its state-space student after contexts of growing length.
struct Decode: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Times single-token steps of a Phi and its Phi-Mamba student after contexts of growing length.")

  @Option(help: "tiny, small or medium.") var preset = Preset.Name.small
  @Option(help: "fp32 or bf16.") var precision = Precision.float32
  @Option(help: "Threads.") var threads = 1
  @Option(parsing: .upToNextOption, help: "Tokens before the first timed one.") var contexts = [128, 1024, 8192]
  @Option(help: "Tokens that are timed in each round.") var steps = 41
  @Option(help: "Rounds; medians are shown.") var rounds = 3

  func run() throws {
    Runtime.keepFreedMemory()
    Runtime.threads = threads
    let size = Preset(preset)
    let longest = (contexts.max() ?? 0) + steps + 2
    let (teacher, student) = try size.pair(maxLength: longest, compute: precision.dtype)
    teacher.freeze()
    student.freeze()
    let ids = RandomGenerator(seed: 3).integers(0..<size.vocabulary, [1024]).integers().map(Int32.init)
    let models: [(String, Phi)] = [("Phi", teacher), ("Phi-Mamba", student)]
    let works = models.flatMap { model in contexts.map { (model, $0) } }

    var costs = Array(repeating: [DecodeSpeed](), count: works.count)
    for round in 0..<rounds {
      MohawkBench.notice("round \(round + 1) of \(rounds)")
      for (index, ((_, model), context)) in works.enumerated() {
        costs[index].append(DecodeSpeed.measure(model, context: context, steps: steps, filledWith: ids))
      }
    }

    var table = Table([
      .init("model"), .init("context", .right), .init("ms per token", .right), .init("state MiB", .right),
    ])
    for (((name, _), context), cost) in zip(works, costs) {
      table.add([
        name, "\(context)", String(format: "%.2f", Samples.median(cost.map(\.milliseconds))),
        String(format: "%.2f", Double(cost[0].stateBytes) / 1_048_576),
      ])
    }
    MohawkBench.say(
      "Preset \(preset.rawValue), \(precision.rawValue), batch 1, \(threads) threads, medians of \(rounds) rounds of \(steps) tokens\n"
    )
    MohawkBench.say(table.text)
  }
}
