import ArgumentParser
import Foundation
import MohawkFiles
import MohawkRecipes
import MohawkReports
import MohawkTensor

/// The state-space operation alone, here and at a peer.
struct SSDAlone: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "ssd", abstract: "Times the state-space operation alone, forward and backward, in turns with a peer.",
    discussion: """
      Operands are x, b, c and the log-decay; gradients of all four are computed. Where a peer's values or gradients are \
      not ours, nothing is timed; a variant of the peer that ends early is told and left out.
      """)

  @Option(parsing: .upToNextOption, help: "tiny, small, medium, phi-layer, long-8k or long-32k.")
  var preset = [Preset.Name.small, .medium, .phiLayer]
  @Option(parsing: .upToNextOption, help: "fp32 or bf16.") var precision = [Precision.float32, .bfloat16]
  @Option(parsing: .upToNextOption, help: "Threads.") var threads = [1, 2]
  @Option(help: "Sequences; the preset's number when not given.") var batch: Int?
  @Option(help: "Turns that are timed.") var turns = 11
  @Option(help: "A variant of the peer: its name and more options for it. May be repeated.") var variant: [String] = []
  @Argument(parsing: .postTerminator, help: "After --: the peer's command; it is given the options above.")
  var peer: [String] = []

  private var variants: [PeerVariant] { PeerVariant.all(variant, peer) }

  func run() throws {
    var columns: [Table.Column] = [.init("size"), .init("type"), .init("threads", .right), .init("mohawk", .right)]
    columns += variants.map { .init($0.name, .right) }
    columns += [.init("times the best", .right), .init("floor", .right), .init("of the floor", .right)]
    columns += [.init("MiB", .right)] + variants.map { .init("\($0.name)'s MiB", .right) } + [.init("1 /", .right)]
    var table = Table(columns)
    for name in preset {
      for precision in precision {
        for threads in threads {
          MohawkBench.notice("\(name.rawValue), \(precision.rawValue), \(threads) threads")
          table.add(try compare(name, precision, threads))
        }
      }
    }
    MohawkBench.say(
      "Milliseconds, medians of \(turns) turns; libtorch \(Runtime.torchVersion), \(Instructions.current)\n")
    MohawkBench.say(table.text)
    MohawkBench.say(
      """
      times the best: the median of the fastest variant's time over that of ours, of CPU time with one thread and of wall time with more.
      floor: the products in chunks of 64, or the operands' and results' bytes if these take longer, at the rates measured in the same turns.
      MiB: the peak over the program and the operands; 1 /: the least of the peer's over ours.
      """)
  }

  private func compare(_ name: Preset.Name, _ precision: Precision, _ threads: Int) throws -> [String] {
    let size = Preset(name)
    let rows = batch ?? size.batch
    let options = [
      "--preset", name.rawValue, "--precision", precision.rawValue, "--threads", "\(threads)", "--batch", "\(rows)",
    ]
    let title = "\(name.rawValue), \(precision.rawValue)"
    var partners = [try Partner("mohawk", worker: ["ssd"] + options)]
    var running: [String] = []
    for variant in variants {
      let command = peer + ["--ssd"] + variant.options
      do {
        let agreement = try Agreement(.ssd, options, peer: command, variant.name)
        MohawkBench.notice(
          String(
            format: "  \(variant.name): values %.1e apart, gradients %.1e, most in %@ (%.1e)", agreement.lossError,
            agreement.gradientError, agreement.worst, agreement.worstError))
        try agreement.require(precision, title)
        partners.append(try Partner(variant.name, command + options))
        running.append(variant.name)
      } catch let error as MohawkError where error.code == .interrupted {
        MohawkBench.notice("  left out at \(title): \(error)")
      }
    }
    guard partners.allSatisfy({ $0.introduction.isSameWork(as: partners[0].introduction) }) else {
      throw MohawkError(.mismatch, "the programs do not have operands of one size at \(title)")
    }
    for rate in [Worker.Work.matmul, .copy] {
      partners.append(
        try Partner(
          rate.rawValue, worker: [rate.rawValue, "--precision", precision.rawValue, "--threads", "\(threads)"]))
    }
    let all = try partners.takeTurns(turns, untimed: 2)
    let rates = StepFloor.Rates(
      products: 5 * 2 * pow(2048, 3) / all[all.count - 2].median(\.seconds), exponentials: 1,
      bytes: pow(2, 30) / all[all.count - 1].median(\.seconds))
    MohawkBench.notice(
      String(format: "  this machine: %.0f GFLOP/s, %.0f GB/s copied", rates.products * 1e-9, rates.bytes * 1e-9))
    let floor = SSDFloor(size, rows: rows, elementBytes: precision == .float32 ? 4 : 2).seconds(rates)
    let basis = Basis.of(threads: threads)
    let ours = all[0].median(basis)
    let peers = all[1...].prefix(running.count)
    let memory = (0...running.count).map { all[$0].peakMiB - partners[$0].introduction.baseMiB }
    func ofVariant(_ value: (Int) -> String) -> [String] {
      variants.map { variant in running.firstIndex(of: variant.name).map { value($0 + 1) } ?? "failed" }
    }
    var cells = [name.rawValue, precision.rawValue, "\(threads)", String(format: "%.2f", 1e3 * ours)]
    cells += ofVariant { String(format: "%.2f", 1e3 * all[$0].median(basis)) }
    let best = peers.map { $0.median(basis) }.min()
    cells += [best.map { String(format: "%.2f", $0 / ours) } ?? "", String(format: "%.2f", 1e3 * floor)]
    cells += [String(format: "%.0f %%", 100 * floor / ours), String(format: "%.1f", memory[0])]
    cells += ofVariant { String(format: "%.1f", memory[$0]) }
    cells.append(memory.dropFirst().min().map { String(format: "%.1f", $0 / max(1, memory[0])) } ?? "")
    return cells
  }
}

/// A way to run the peer.
struct PeerVariant {
  let name: String
  /// What it is given beside the options that all are given.
  let options: [String]

  /// - Parameters:
  ///   - texts: names, each with more options behind.
  ///   - peer: the peer's command; without one there are no variants.
  static func all(_ texts: [String], _ peer: [String]) -> [PeerVariant] {
    if peer.isEmpty { return [] }
    if texts.isEmpty { return [PeerVariant(name: "peer", options: [])] }
    return texts.map { text in
      let words = text.split(separator: " ").map(String.init)
      return PeerVariant(name: words.first ?? "peer", options: Array(words.dropFirst()))
    }
  }
}
