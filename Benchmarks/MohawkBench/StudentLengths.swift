import ArgumentParser
import Foundation
import MohawkDistillation
import MohawkFiles
import MohawkLayers
import MohawkModels
import MohawkRecipes
import MohawkReports
import MohawkTensor

/// What a token of training costs the student alone, in sequences of growing length.
struct StudentLengths: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "lengths",
    abstract: "Times forward and backward of one layer of a student, without its teacher, over growing lengths.",
    discussion: "A layer of Phi-1.5's geometry: of its mixer as in stage 2, and of mixer and MLP as in stage 3.")

  @Option(help: "fp32 or bf16.") var precision = Precision.bfloat16
  @Option(help: "Threads.") var threads = 2
  @Option(parsing: .upToNextOption, help: "Tokens of a sequence.") var lengths = [
    1024, 2048, 4096, 8192, 16_384, 32_768,
  ]
  @Option(help: "Times of each, in turns.") var turns = 3

  func run() throws {
    guard turns > 0, lengths.allSatisfy({ $0 > 0 }) else {
      throw MohawkError(.invalidValue, "--turns and --lengths must be above 0")
    }
    Runtime.keepFreedMemory()
    Runtime.threads = threads
    let student = try Preset(.phiLayer).pair(maxLength: lengths[0], compute: precision.dtype).student
    _ = student.parameters.train { _ in true }
    let (block, generator) = (student.blocks[0], RandomGenerator(seed: 5))
    let stages: [(name: String, part: (Tensor) -> Tensor)] = [
      ("mixer", { block.mixer(block.mixerInput($0)) }), ("mixer and MLP", { block($0) }),
    ]
    var samples = stages.map { _ in lengths.map { _ in Samples() } }
    for turn in 0...turns {
      for (s, stage) in stages.enumerated() {
        for (l, length) in lengths.enumerated() {
          let hidden = generator.normal([1, length, student.modelDim]).to(precision.dtype)
          let target = generator.normal([1, length, student.modelDim]).to(precision.dtype)
          let sample = Meter.measure {
            StageLosses.alignment(student: stage.part(hidden), teacher: target).backward()
            for parameter in student.parameters.all { parameter.value.gradient = nil }
          }
          if turn > 0 { samples[s][l].append(sample) }
        }
      }
    }
    var table = Table([
      .init("layer's"), .init("tokens", .right), .init("µs per token", .right), .init("times the first", .right),
    ])
    for (s, stage) in stages.enumerated() {
      let costs = lengths.indices.map { samples[s][$0].median(\.seconds) / Double(lengths[$0]) }
      for (length, cost) in zip(lengths, costs) {
        table.add([
          stage.name, "\(length)", String(format: "%.1f", 1e6 * cost), String(format: "%.2f", cost / costs[0]),
        ])
      }
    }
    MohawkBench.say("\(precision.rawValue), \(threads) threads, medians of \(turns) turns\n")
    MohawkBench.say(table.text)
  }
}
