import ArgumentParser
import Foundation
import MohawkRecipes
import MohawkReports
import MohawkTensor

/// What the two process-wide settings of `Runtime` are worth on this machine.
struct Settings: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Proves the two process-wide settings: freed memory is kept, MKL chooses kernels by features.")

  @Option(help: "tiny, small or medium.") var preset = Preset.Name.small
  @Option(help: "Sequences per training step; the preset's number when not given.") var batch: Int?
  @Option(help: "Turns that are timed.") var turns = 7
  @Option(help: "Threads.") var threads = 1

  private static let variants: [(name: String, flags: [String])] = [
    ("neither", ["--no-keep-memory", "--no-kernels-by-features"]),
    ("memory kept", ["--keep-memory", "--no-kernels-by-features"]),
    ("kernels by features", ["--no-keep-memory", "--kernels-by-features"]),
    ("both", ["--keep-memory", "--kernels-by-features"]),
  ]

  func run() throws {
    var table = Table([
      .init("work"), .init("settings"), .init("s", .right), .init("CPU s", .right), .init("page faults", .right),
      .init("peak MiB", .right), .init("faster", .right),
    ])
    let works: [(String, Worker.Work, Precision)] =
      [("5 fp32 products of 2048³", .matmul, .float32)]
      + [Precision.float32, .bfloat16].flatMap {
        [("stage 1, \($0.rawValue)", .stage1, $0), ("stage 3, \($0.rawValue)", .stage3, $0)]
      }
    for (title, work, precision) in works {
      MohawkBench.notice("\(title): \(Self.variants.count) processes taking turns")
      let all = try measure(work, precision)
      for (variant, samples) in zip(Self.variants, all) {
        table.add([
          title, variant.name, String(format: "%.3f", samples.median(\.seconds)),
          String(format: "%.3f", samples.median(\.cpuSeconds)), "\(samples.pageFaults)",
          String(format: "%.0f", samples.peakMiB),
          String(format: "%.2f ×", samples.ratio(of: all[0], Basis.of(threads: threads))),
        ])
      }
    }
    MohawkBench.say(
      "Preset \(preset.rawValue), \(batch ?? Preset(preset).batch) sequences per step, \(turns) turns, libtorch \(Runtime.torchVersion)\n"
    )
    MohawkBench.say(table.text)
    MohawkBench.say(Basis.note(threads: threads))
  }

  private func measure(_ work: Worker.Work, _ precision: Precision) throws -> [Samples] {
    var arguments = [
      work.rawValue, "--preset", preset.rawValue, "--precision", precision.rawValue, "--threads", "\(threads)",
    ]
    if let batch { arguments += ["--batch", "\(batch)"] }
    let partners = try Self.variants.map { try Partner($0.name, worker: arguments + $0.flags) }
    return try partners.takeTurns(turns, untimed: 2)
  }
}

/// Which time ratios are made of.
enum Basis {
  /// CPU time is a fair stand-in for the wall time of a quiet machine only while one thread works.
  static func of(threads: Int) -> KeyPath<Sample, Double> { threads == 1 ? \.cpuSeconds : \.seconds }

  static func note(threads: Int) -> String {
    "Medians. Ratios are medians over turns, of \(threads == 1 ? "CPU time: one thread worked" : "wall time: \(threads) threads worked")."
  }
}
