import ArgumentParser
import Foundation
import MohawkDecoding
import MohawkFiles
import MohawkModels
import MohawkReports
import MohawkTensor

/// How long a program takes to its first token, from the start of its process on.
struct FirstToken: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "first-token",
    abstract: "Times new processes that open a Mamba-2 with drawn weights, read 16 tokens and write one.")

  @Option(help: "tiny, 130m or 370m.") var size = DecodingModel.m130
  @Option(help: "f32, bf16, int8 or int4.") var weights = WeightPrecision.bfloat16
  @Option(help: "Threads.") var threads = 2
  @Option(help: "Processes.") var turns = 9

  func run() throws {
    let files = try DecodingFiles(size, weights)
    var all: [Start] = []
    for turn in 0...turns {
      let start = Start.now
      let process = Process()
      let output = Pipe()
      process.executableURL = URL(fileURLWithPath: Partner.own[0])
      process.arguments = ["first-token-worker", files.own, "--threads", "\(threads)"]
      process.standardOutput = output
      try process.run()
      let said = output.fileHandleForReading.readDataToEndOfFile()
      process.waitUntilExit()
      guard let times = try? JSONDecoder().decode(Start.self, from: said) else {
        throw MohawkError(.interrupted, "a process ended before its first token", remedy: "its own message is above")
      }
      if turn > 0 {
        all.append(Start(main: times.main - start, opened: times.opened - start, written: times.written - start))
      }
    }
    var table = Table([.init("seconds from the start to"), .init("median", .right), .init("most", .right)])
    for (name, value) in [
      ("the program's first line", \Start.main), ("a model that is open", \.opened), ("the first token", \.written),
    ] {
      let values = all.map { $0[keyPath: value] }
      table.add([name, String(format: "%.3f", Samples.median(values)), String(format: "%.3f", values.max() ?? .nan)])
    }
    MohawkBench.say("Mamba-2 \(size.rawValue), \(weights.rawValue), \(threads) threads, \(turns) processes\n")
    MohawkBench.say(table.text)
  }
}

/// When one process reached what, in seconds of the system's clock.
private struct Start: Codable {
  var main, opened, written: Double

  static var now: Double {
    var time = timespec()
    clock_gettime(CLOCK_MONOTONIC, &time)
    return Double(time.tv_sec) + Double(time.tv_nsec) * 1e-9
  }
}

/// One such process.
struct FirstTokenWorker: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "first-token-worker", abstract: "Opens a model, reads some tokens, writes one.", shouldDisplay: false)

  @Argument var model: String
  @Option var threads = 2

  func run() throws {
    let main = Start.now
    Runtime.keepFreedMemory()
    Runtime.threads = threads
    let engine = try DecodingEngine.open(model)
    let opened = Start.now
    let prompt = (0..<16).map { Int32($0 * 7919 % engine.vocabulary) }
    _ = engine.read(prompt, engine.emptyState()).argmax(-1).integers()
    let line = try JSONEncoder().encode(Start(main: main, opened: opened, written: Start.now))
    FileHandle.standardOutput.write(line)
  }
}
