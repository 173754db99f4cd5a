import ArgumentParser
import Foundation
import MohawkDecoding
import MohawkExport
import MohawkFiles
import MohawkGGUF
import MohawkModels
import MohawkReports
import MohawkTensor

/// What a token of a state-space model costs to write and to read, here and at peers.
struct Decode: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Times decoding and prompt reading of a Mamba-2 with drawn weights, in turns with peers when given.",
    discussion: """
      A peer is Benchmarks/peers/decoding.py with a Python that has llama-cpp-python or transformers; it is given the \
      program's name, the model's file and what to do.
      """)

  @Option(help: "tiny, 130m or 370m.") var size = DecodingModel.m130
  @Option(help: "f32, bf16, int8 (Q8_0 in GGUF) or int4 (Q4_0).") var weights = WeightPrecision.bfloat16
  @Option(parsing: .upToNextOption, help: "Threads.") var threads = [1, 2]
  @Option(parsing: .upToNextOption, help: "Sequences that are continued together.") var batches = [1, 8]
  @Option(parsing: .upToNextOption, help: "Lengths of prompts to read.") var prompts = [512, 4096]
  @Option(parsing: .upToNextOption, help: "Tokens before the first timed one.") var contexts = [512]
  @Option(help: "Turns that are timed; one writes 16 tokens or reads a prompt.") var turns = 7
  @Option(parsing: .upToNextOption, help: "Programs of the peer: llama.cpp, transformers.") var programs = ["llama.cpp"]
  @Argument(parsing: .postTerminator, help: "After --: the peer's command.") var peer: [String] = []

  func run() throws {
    let folder = FileManager.default.temporaryDirectory.path + "/mohawk-bench-\(size.rawValue)-\(weights.rawValue)"
    let file = folder + "/model.gguf"
    if !FileManager.default.fileExists(atPath: file) {
      MohawkBench.notice("writing \(folder)")
      try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
      let dtype: DType = weights == .float32 ? .float32 : .bfloat16
      let model = Decoder.fresh(size.configuration, seed: 1, dtype: dtype)
      try model.write(to: folder)
      try GGUFExport.write(model, tokenizer: nil, to: file, type: weights.inGGUF)
    }
    let configuration = try DecoderConfiguration(folder: folder)
    let weightBytes = try FileManager.default.attributesOfItem(atPath: file)[.size] as? Int ?? 0
    var table = Table([
      .init("work"), .init("threads", .right), .init("program"), .init("ms", .right), .init("tokens/s", .right),
      .init("GB/s", .right), .init("of bandwidth", .right), .init("peer's time / ours", .right),
    ])
    for count in threads {
      Runtime.threads = count
      let bandwidth = Self.bandwidth()
      for context in contexts {
        for batch in batches {
          let options = ["--threads", "\(count)", "--batch", "\(batch)", "--context", "\(context)"]
          let all = try measure("write", options, folder, file)
          let moved = Double(weightBytes + batch * 2 * Self.stateBytes(configuration))
          for (index, (name, samples)) in all.enumerated() {
            let seconds = samples.median(\.seconds)
            table.add([
              "\(batch) × 1 after \(context)", "\(count)", name, String(format: "%.2f", 1e3 * seconds),
              String(format: "%.0f", Double(batch) / seconds), String(format: "%.1f", moved / seconds / 1e9),
              String(format: "%.0f %%", 100 * moved / seconds / bandwidth),
              index == 0 ? "" : String(format: "%.2f", all[0].1.ratio(of: samples, \.seconds)),
            ])
          }
        }
      }
      for length in prompts {
        let all = try measure("read", ["--threads", "\(count)", "--context", "\(length)"], folder, file)
        for (index, (name, samples)) in all.enumerated() {
          let seconds = samples.median(\.seconds)
          table.add([
            "prompt of \(length)", "\(count)", name, String(format: "%.1f", 1e3 * seconds),
            String(format: "%.0f", Double(length) / seconds), "", "",
            index == 0 ? "" : String(format: "%.2f", all[0].1.ratio(of: samples, \.seconds)),
          ])
        }
      }
      MohawkBench.notice(String(format: "%d threads read %.1f GB/s", count, bandwidth / 1e9))
    }
    MohawkBench.say("Mamba-2 \(size.rawValue), \(weights.rawValue), medians of \(turns) turns\n")
    MohawkBench.say(table.text)
    MohawkBench.say("GB/s counts weights once and states twice: they are read and written.")
  }

  private func measure(_ work: String, _ options: [String], _ folder: String, _ file: String) throws -> [(
    String, Samples
  )] {
    let own =
      [CommandLine.arguments[0], "decoding-worker", work, "--model", folder]
      + (weights.isQuantized ? ["--weights", weights.rawValue] : []) + options
    var partners = [try Partner("mohawk", own)]
    if !peer.isEmpty {
      for program in programs {
        let model = program == "llama.cpp" ? file : folder
        partners.append(try Partner(program, peer + [program, work, "--model", model] + options))
      }
    }
    return Array(zip(partners.map(\.name), try partners.takeTurns(turns, untimed: 2)))
  }

  /// Bytes of one sequence's state.
  private static func stateBytes(_ configuration: DecoderConfiguration) -> Int {
    guard let mamba = configuration.mamba2 else { return 0 }
    let past = (mamba.convWidth - 1) * (mamba.innerDim + mamba.bcDim)
    return configuration.mixers.count * 4 * (mamba.innerDim * mamba.stateDim + past)
  }

  /// Bytes per second that summing a large tensor reads; the best of some.
  private static func bandwidth() -> Double {
    let large = Tensor.ones([1 << 27])
    let best = (0..<6).map { _ in Meter.measure { _ = large.sum().item() }.seconds }.min() ?? .nan
    return Double(large.byteCount) / best
  }
}

extension WeightPrecision {
  /// What llama.cpp has of as many bits.
  fileprivate var inGGUF: GGUFType {
    switch self {
    case .float32: .f32
    case .bfloat16: .bf16
    case .int8: .q8
    case .int4: .q4
    }
  }
}
