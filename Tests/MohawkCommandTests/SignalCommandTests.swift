import Foundation
import MohawkReports
import Testing

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// `mohawk signals`, and `mohawk distill --signals`.
@Suite(.onTwoThreads) struct SignalCommandTests {
  private func signals(_ folder: String, _ more: String...) -> [String] {
    ["signals", "-r", "recipe.yaml", "-o", folder] + more
  }

  @Test func signalsAreWrittenToldAndLearnedFrom() throws {
    let place = try Workplace()
    let written = try Command.run(signals("signals", "--top", "16", "--layer-inputs"), in: place.folder)
    #expect(written.status == 0, "\(written.errors)")
    #expect(written.output.hasPrefix("outside of the top 16 lies "))
    #expect(written.output.contains(" % of the probability, on average\nsignals: 96 sequences in 2 shards, "))
    for part in [
      "inputs of 2 layers: 1024 tokens of 258 bytes, 264.2 kB", "top 16 of 320 probabilities: 512 tokens of 70 bytes",
      "the disk has ", "1,536/1,536 tokens  ", "tokens/s", "ETA 0:00",
    ] { #expect(written.errors.contains(part), "\(part): \(written.errors)") }
    #expect(
      place.names("signals") == [
        ".lock", "data", "inputs-00000.safetensors", "manifest.json", "recipe.yaml", "top-00000.safetensors",
      ])
    let again = try Command.run(signals("signals", "--top", "16", "--layer-inputs"), in: place.folder)
    #expect(again.status == 0 && again.errors.contains("signals holds all signals of this recipe"), "\(again.errors)")
    let learned = try Command.run(place.distil("run", "--signals", "signals"), in: place.folder)
    #expect(learned.status == 0, "\(learned.errors)")
    #expect(place.stepCount("run") == 24)
    #expect(String(decoding: try place.bytes("run/recipe.yaml"), as: UTF8.self).contains("/signals\n"))
    // Layers learn the same numbers as from a teacher that runs.
    #expect(try Command.run(place.distil("now"), in: place.folder).status == 0)
    let (kept, now) = (try place.numbers("run"), try place.numbers("now"))
    #expect(
      Array(kept.filter { $0.hasPrefix("step") }.prefix(16)) == Array(now.filter { $0.hasPrefix("step") }.prefix(16)))
  }

  @Test func whatDoesNotFitIsOneSentence() throws {
    let place = try Workplace()
    func refused(_ arguments: [String], _ parts: String...) throws {
      let result = try Command.run(arguments, in: place.folder)
      #expect(result.status == 1 && result.complaints.count == 1, "\(result.errors)")
      for part in parts { #expect(result.errors.contains(part), "\(part): \(result.errors)") }
    }
    try refused(signals("signals", "--top", "0"), "--top is 0", "1 to 320")
    try refused(signals("signals", "--stages", "2"), "--layer-inputs")
    try refused(signals("text.txt"), "text.txt")
    try refused(["signals", "-r", "demo", "-o", "signals"], "there is no teacher", "--teacher FOLDER")
    try refused(place.distil("run", "--signals", "nowhere"), "nowhere", "mohawk signals")
    #expect(try Command.run(signals("signals"), in: place.folder).status == 0)
    try refused(place.distil("run", "--signals", "signals", "--seed", "2"), "which were made for seed 1")
    try place.makeTeacher("other", seed: 4)
    try refused(
      place.distil("run", "--signals", "signals", "--teacher", "other"), "another teacher, once at /",
      "/teacher (use signals")
    try refused(signals("signals", "--teacher", "other"), "another teacher")
  }

  @Test func aSignalSavesAndTheSameCommandContinues() throws {
    let place = try Workplace()
    let tokens = "distillation.tokens=4000"
    let whole = try Command.run(signals("whole", "--set", tokens), in: place.folder)
    #expect(whole.status == 0, "\(whole.errors)")
    let command = try Command(signals("parts", "--set", tokens), in: place.folder)
    command.wait { FileManager.default.fileExists(atPath: place.path("parts/data/train")) }
    command.send(SIGINT)
    let stopped = try command.wait()
    if stopped.status != 0 {  // else the signal came too late
      #expect(stopped.status == 130 && stopped.complaints.count == 1, "\(stopped.errors)")
      #expect(stopped.errors.contains("give the same command again to continue"), "\(stopped.errors)")
    }
    let rest = try Command.run(signals("parts", "--set", tokens), in: place.folder)
    #expect(rest.status == 0, "\(rest.errors)")
    for run in ["parts", "whole"] {
      let learned = try Command.run(
        place.distil("from-" + run, "--set", tokens, "--signals", run), in: place.folder)
      #expect(learned.status == 0, "\(learned.errors)")
    }
    #expect(try place.numbers("from-parts") == place.numbers("from-whole"))
  }
}
