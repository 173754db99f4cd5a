import ArgumentParser
import Foundation
import MohawkFiles
import MohawkRecipes
import MohawkReports
import MohawkTensor

/// One optimiser step of each stage, here and at a peer.
struct Stages: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Times one optimiser step of each stage, in turns with a peer when one is given.",
    discussion: """
      A peer is first given our models and batch: where its loss or gradients are not ours, nothing is timed. The floor is \
      what a step cannot do without (its matrix products, exponentials and the optimiser's bytes) at the rates that this \
      machine reaches in the same turns.
      """)

  @Option(parsing: .upToNextOption, help: "tiny, small, medium, phi-layer, long-8k or long-32k.")
  var preset = [Preset.Name.small, .medium, .phiLayer]
  @Option(parsing: .upToNextOption, help: "fp32 or bf16.") var precision = [Precision.bfloat16]
  @Option(parsing: .upToNextOption, help: "Threads.") var threads = [2]
  @Option(help: "Sequences per step; the preset's number when not given.") var batch: Int?
  @Option(help: "Turns that are timed.") var turns = 5
  @Option(parsing: .upToNextOption, help: "Stages.") var stages = [1, 2, 3]
  @Option(help: "A variant of the peer: its name and more options for it. May be repeated.")
  var variant: [String] = []
  @Argument(parsing: .postTerminator, help: "After --: the peer's command; it is given the options above.")
  var peer: [String] = []

  func run() throws {
    var table = StageTable(variants: variants.map(\.name))
    for name in preset {
      for stage in stages where stage != 3 || Preset(name).vocabulary > 256 || preset.count == 1 {
        for precision in precision {
          for threads in threads {
            MohawkBench.notice("\(name.rawValue), stage \(stage), \(precision.rawValue), \(threads) threads")
            table.add(try compare(name, stage, precision, threads))
          }
        }
      }
    }
    MohawkBench.say(
      "Seconds per step, medians of \(turns) turns; libtorch \(Runtime.torchVersion), \(Instructions.current)\n")
    MohawkBench.say(table.text)
    MohawkBench.say(
      """
      times the best: the median over turns of the fastest peer's time over ours, of CPU time with one thread and of wall \
      time with more.
      floor: matrix products, exponentials and the optimiser's bytes at the rates measured in the same turns.
      MiB: the peak over program, weights and AdamW's moments, ours and the least of the peers'.
      """)
  }

  private var variants: [PeerVariant] { PeerVariant.all(variant, peer) }

  private func compare(_ name: Preset.Name, _ stage: Int, _ precision: Precision, _ threads: Int) throws -> StageRow {
    guard let work = Worker.Work(rawValue: "stage\(stage)") else {
      throw MohawkError(.invalidValue, "there is no stage \(stage)", at: "--stages", remedy: "choose from 1, 2 and 3")
    }
    let size = Preset(name)
    let rows = batch ?? size.batch
    let shared = ["--preset", name.rawValue, "--precision", precision.rawValue, "--threads", "\(threads)"]
    if let variant = variants.first, size.length <= 2048 {
      let agreement = try Agreement(
        work, shared + Agreement.smallModels, peer: peer + ["--stage", "\(stage)"], variant.name)
      MohawkBench.notice(
        String(
          format: "  same models and batch: losses %.1e apart, gradients %.1e, most in %@ (%.1e)", agreement.lossError,
          agreement.gradientError, agreement.worst, agreement.worstError))
      try agreement.require(precision, "\(name.rawValue), stage \(stage), \(precision.rawValue)")
    }
    let options = shared + ["--batch", "\(rows)"]
    var partners = [try Partner("mohawk", worker: [work.rawValue] + options)]
    for variant in variants {
      partners.append(try Partner(variant.name, peer + ["--stage", "\(stage)"] + options + variant.options))
    }
    guard partners.allSatisfy({ $0.introduction.isSameWork(as: partners[0].introduction) }) else {
      throw MohawkError(
        .mismatch, "the programs do not train the same thing: \(partners.map { "\($0.name) \($0.introduction)" })")
    }
    let count = partners.count
    for rate in [Worker.Work.matmul, .exponentials, .copy] {
      partners.append(try Partner(rate.rawValue, worker: [rate.rawValue] + shared))
    }
    let all = try partners.takeTurns(turns, untimed: 2)
    let rates = StepFloor.Rates(
      products: 5 * 2 * pow(2048, 3) / all[count].median(\.seconds),
      exponentials: pow(2, 28) / all[count + 1].median(\.seconds),
      bytes: pow(2, 30) / all[count + 2].median(\.seconds))
    MohawkBench.notice(
      String(
        format: "  this machine: %.0f GFLOP/s, %.1f billion exponentials/s, %.0f GB/s copied", rates.products * 1e-9,
        rates.exponentials * 1e-9, rates.bytes * 1e-9))
    let floor = StepFloor(stage: stage, size, rows: rows, moving: partners[0].introduction.moving)
    return StageRow(
      stage: stage, preset: name.rawValue, precision: precision.rawValue, threads: threads, tokens: rows * size.length,
      samples: Array(all[..<count]), over: (0..<count).map { all[$0].peakMiB - partners[$0].introduction.baseMiB },
      floor: floor.seconds(rates))
  }
}
