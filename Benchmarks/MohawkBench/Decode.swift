import ArgumentParser
import Foundation
import MohawkDecoding
import MohawkReports
import MohawkTensor

/// What a token of a state-space model costs to write and to read, here and at peers.
struct Decode: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Times decoding and prompt reading of a Mamba-2 with drawn weights, in turns with peers when given.",
    discussion: """
      A peer is Benchmarks/peers/decoding.py with a Python that has llama-cpp-python or transformers; it is given the \
      program's name, the model's file and what to do. Every row is told on standard error as soon as it is measured.
      """)

  @Option(help: "tiny, 130m or 370m.") var size = DecodingModel.m130
  @Option(help: "f32, bf16, int8 (Q8_0 in GGUF) or int4 (Q4_0).") var weights = WeightPrecision.bfloat16
  @Option(parsing: .upToNextOption, help: "Threads.") var threads = [1, 2]
  @Option(parsing: .upToNextOption, help: "Sequences that are continued together.") var batches = [1, 8]
  @Option(parsing: .upToNextOption, help: "Lengths of prompts to read.") var prompts = [512, 4096]
  @Option(parsing: .upToNextOption, help: "Tokens before the first timed one.") var contexts = [512]
  @Option(help: "Turns that are timed; one writes 16 tokens or reads a prompt. Long prompts get half as many.")
  var turns = 7
  @Option(parsing: .upToNextOption, help: "Programs of the peer: llama.cpp, transformers.") var programs = ["llama.cpp"]
  @Argument(parsing: .postTerminator, help: "After --: the peer's command.") var peer: [String] = []

  func run() throws {
    let files = try DecodingFiles(size, weights)
    let weightBytes = try files.weightBytes()
    var table = Table([
      .init("work"), .init("threads", .right), .init("program"), .init("ms", .right), .init("tokens/s", .right),
      .init("GB/s", .right), .init("of the floor", .right), .init("peer's time / ours", .right),
    ])
    for count in threads {
      Runtime.threads = count
      let rates = MachineRates(weights == .float32 ? .float32 : .bfloat16)
      MohawkBench.notice(
        String(
          format: "%d threads: %.1f GB/s read, %.0f GFLOP/s", count, rates.bytes / 1e9, rates.products / 1e9))
      for context in contexts {
        for batch in batches {
          let options = ["--threads", "\(count)", "--batch", "\(batch)", "--context", "\(context)"]
          let moved = weightBytes + Double(batch) * 2 * files.stateBytes
          table.add(
            "\(batch) × 1 after \(context)", count, batch, try measure("write", options, files, turns),
            floor: moved / rates.bytes, bytes: moved)
        }
      }
      for length in prompts {
        let options = ["--threads", "\(count)", "--context", "\(length)"]
        let turns = length > 1024 ? (turns + 1) / 2 : turns
        let products = Double(length) * files.productsPerToken
        table.add(
          "prompt of \(length)", count, length, try measure("read", options, files, turns),
          floor: weights.isQuantized ? nil : products / rates.products, bytes: nil)
      }
    }
    MohawkBench.say("Mamba-2 \(size.rawValue), \(weights.rawValue), medians of \(turns) turns\n")
    MohawkBench.say(table.text)
    MohawkBench.say(
      """
      The floor of writing is reading all weights once and all states twice (they are read and written), as fast as a \
      large tensor is summed; that of reading the products with weights, as fast as one of 2048³ is computed. With one \
      thread the last column compares CPU time, with more wall time.
      """)
  }

  private func measure(_ work: String, _ options: [String], _ files: DecodingFiles, _ turns: Int) throws -> [(
    name: String, samples: Samples
  )] {
    let own = [CommandLine.arguments[0], "decoding-worker", work, "--model", files.own] + options
    var partners = [try Partner("mohawk", own)]
    if !peer.isEmpty {
      for program in programs {
        let model = program == "llama.cpp" ? files.gguf : files.folder
        partners.append(try Partner(program, peer + [program, work, "--model", model] + options))
      }
    }
    return Array(zip(partners.map(\.name), try partners.takeTurns(turns, untimed: 1)))
  }
}

extension Table {
  /// One row per program; the first is ours.
  fileprivate mutating func add(
    _ work: String, _ threads: Int, _ tokens: Int, _ all: [(name: String, samples: Samples)], floor: Double?,
    bytes: Double?
  ) {
    for (index, (name, samples)) in all.enumerated() {
      let seconds = samples.median(\.seconds)
      let cells = [
        work, "\(threads)", name, String(format: "%.2f", 1e3 * seconds),
        String(format: "%.0f", Double(tokens) / seconds),
        bytes.map { String(format: "%.1f", $0 / seconds / 1e9) } ?? "",
        floor.map { String(format: "%.0f %%", 100 * $0 / seconds) } ?? "",
        index == 0 ? "" : String(format: "%.2f", all[0].samples.ratio(of: samples, Basis.of(threads: threads))),
      ]
      MohawkBench.notice(cells.filter { !$0.isEmpty }.joined(separator: "  "))
      add(cells)
    }
  }
}
