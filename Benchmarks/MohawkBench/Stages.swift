import ArgumentParser
import Foundation
import MohawkFiles
import MohawkRecipes
import MohawkReports
import MohawkTensor

/// One optimiser step of each stage, here and at a peer.
struct Stages: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Times one optimiser step of each stage, in turns with a peer when one is given.")

  @Option(help: "tiny, small, medium, phi-layer, long-8k or long-32k.") var preset = Preset.Name.small
  @Option(help: "fp32 or bf16.") var precision = Precision.bfloat16
  @Option(help: "Threads.") var threads = 1
  @Option(help: "Sequences per step; the preset's number when not given.") var batch: Int?
  @Option(help: "Turns that are timed.") var turns = 7
  @Option(parsing: .upToNextOption, help: "Stages.") var stages = [1, 2, 3]
  @Option(help: "The peer's name in the table.") var peerName = "peer"
  @Option(help: "A variant of the peer: its name and more options for it. May be repeated.")
  var variant: [String] = []
  @Argument(parsing: .postTerminator, help: "After --: the peer's command; it is given the options above.")
  var peer: [String] = []

  /// Names of the peers in the table, and what each is given beside the options that all are given.
  private var variants: [(name: String, options: [String])] {
    if peer.isEmpty { return [] }
    if variant.isEmpty { return [(peerName, [])] }
    return variant.map { text in
      let words = text.split(separator: " ").map(String.init)
      return (peerName + " " + (words.first ?? ""), Array(words.dropFirst()))
    }
  }

  func run() throws {
    var table = Table([
      .init("stage"), .init("program"), .init("s/step", .right), .init("CPU s/step", .right), .init("tokens/s", .right),
      .init("loss", .right), .init("peak MiB", .right), .init("over base", .right),
      .init("peer's time / ours", .right), .init("memory / ours", .right),
    ])
    let rows = batch ?? Preset(preset).batch
    let basis = Basis.of(threads: threads)
    for stage in stages {
      guard let work = Worker.Work(rawValue: "stage\(stage)") else {
        throw MohawkError(.invalidValue, "there is no stage \(stage)", at: "--stages", remedy: "choose from 1, 2 and 3")
      }
      MohawkBench.notice("stage \(stage)")
      let options = [
        "--preset", preset.rawValue, "--precision", precision.rawValue, "--threads", "\(threads)", "--batch", "\(rows)",
      ]
      var partners = [try Partner("mohawk", worker: [work.rawValue] + options)]
      for (name, more) in variants {
        partners.append(try Partner(name, peer + ["--stage", "\(stage)"] + options + more))
      }
      guard partners.allSatisfy({ $0.introduction.isSameWork(as: partners[0].introduction) }) else {
        throw MohawkError(
          .mismatch, "the programs do not train the same thing: \(partners.map { "\($0.name) \($0.introduction)" })")
      }
      let all = try partners.takeTurns(turns, untimed: 2)
      func over(_ index: Int) -> Double { all[index].peakMiB - partners[index].introduction.baseMiB }
      for (index, partner) in partners.enumerated() {
        let samples = all[index]
        table.add([
          "\(stage)", partner.name, String(format: "%.3f", samples.median(\.seconds)),
          String(format: "%.3f", samples.median(\.cpuSeconds)),
          String(format: "%.0f", Double(rows * Preset(preset).length) / samples.median(basis)),
          samples.all[0].loss.map { String(format: "%.3f", $0) } ?? "", String(format: "%.0f", samples.peakMiB),
          String(format: "%.0f", over(index)),
          index == 0 ? "" : String(format: "%.2f", all[0].ratio(of: samples, basis)),
          index == 0 ? "" : String(format: "%.1f", over(index) / max(1, over(0))),
        ])
      }
    }
    MohawkBench.say(
      "Preset \(preset.rawValue), \(precision.rawValue), \(rows) sequences of \(Preset(preset).length) tokens, \(threads) threads, \(turns) turns\n"
    )
    MohawkBench.say(table.text)
    MohawkBench.say("Base: memory before the first step, and AdamW's moments.")
    MohawkBench.say(Basis.note(threads: threads) + " tokens/s from the same.")
  }
}
