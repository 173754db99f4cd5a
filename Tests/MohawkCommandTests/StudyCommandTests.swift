import Foundation
import MohawkRecipes
import MohawkReports
import Testing

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// `mohawk study` and `mohawk show` from outside.
@Suite(.serialized, .onTwoThreads) struct StudyCommandTests {
  private static let study = """
    base: recipe.yaml
    set: {stages: [2, 3]}
    arms:
      two: {}
      last: {stages: [3]}
    seeds: [1, 2]
    report: [KL, perplexity, tokens]
    """

  private func place(_ study: String = study) throws -> Workplace {
    let place = try Workplace()
    try place.folder.write("study.yaml", study)
    return place
  }

  @Test func aStudyIsRunAndTold() throws {
    let place = try place()
    let result = try place.mohawk("study", "study.yaml", "-o", "out")
    #expect(result.status == 0, "\(result.errors)")
    #expect(result.output.contains("two       2  ") && result.output.contains("arm − two"))
    #expect(result.errors.contains("run 4 of 4: last, seed 2 (3 finished, about "))
    #expect(place.names("out/runs") == ["last_seed1", "last_seed2", "two_seed1", "two_seed2"])
    #expect(place.names("out/runs/two_seed1").contains("report.html"))
    let told = try place.mohawk("study", "study.yaml", "-o", "out", "--report")
    #expect(told.status == 0 && told.output == result.output)
    // What was resolved is a study, too.
    #expect(try place.mohawk("study", "out/study.yaml", "-o", "out").output == result.output)
    let shown = try place.mohawk("show", "out/runs/two_seed1", "--layer", "all", "-o", "pictures")
    #expect(shown.status == 0 && shown.output.contains("norm, teacher") && shown.output.contains("layer 0, head 0"))
    #expect(place.names("pictures").count == 2 + 2 * 4 * 3 && !shown.output.contains("\u{1B}"))
    let alone = try place.mohawk(
      "show", "teacher", "--text", Workplace.text, "--layer", "1", "--head", "3", "--tokens", "9")
    #expect(alone.status == 0 && alone.output.contains("layer 1, head 3\nmodel"), "\(alone)")
  }

  @Test func twoProcessesShareAStudy() throws {
    let place = try place()
    let whole = try place.mohawk("study", "study.yaml", "-o", "whole")
    let first = try Command(["study", "study.yaml", "-o", "out", "--wait"], in: place.folder)
    let second = try Command(["study", "study.yaml", "-o", "out", "--wait"], in: place.folder)
    let results = [try first.wait(), try second.wait()]
    func comparable(_ output: String) -> Substring { output.prefix { $0 != "T" } }
    for result in results {
      #expect(result.status == 0 && comparable(result.output) == comparable(whole.output), "\(result.errors)")
    }
    let begun = results.map { $0.errors.split(separator: "\n").count { $0.hasPrefix("run ") } }
    #expect(begun.reduce(0, +) == 4 && begun.allSatisfy { $0 > 0 }, "\(begun)")
  }

  @Test func aKilledProcessLeavesItsRunToTheNext() throws {
    let place = try place()
    let killed = try Command(["study", "study.yaml", "-o", "out"], in: place.folder)
    killed.wait { place.stepCount("out/runs/last_seed1") >= 4 }
    killed.send(SIGKILL)
    #expect(try killed.wait().wasKilled && place.names("out/claims") == ["last_seed1.1"])
    let result = try place.mohawk("study", "study.yaml", "-o", "out")
    #expect(result.status == 0 && place.names("out/claims").isEmpty, "\(result.errors)")
    #expect(result.errors.contains("run 2 of 4: last, seed 1 (1 finished") && !result.errors.contains("run 1 of 4"))
  }

  @Test func ctrlCStopsWithinARunAndTheSameCommandGoesOn() throws {
    let place = try place()
    let stopped = try Command(["study", "study.yaml", "-o", "out"], in: place.folder)
    stopped.wait { place.stepCount("out/runs/two_seed1") >= 2 }
    stopped.send(SIGINT)
    let result = try stopped.wait()
    #expect(result.status == 130 && result.errors.contains("give the same command again to continue the study"))
    #expect(place.names("out").contains("study.html") && place.names("out/claims").isEmpty)
    #expect(try place.mohawk("study", "study.yaml", "-o", "out").status == 0)
  }

  @Test func aRunThatFailsIsToldAtTheEnd() throws {
    let place = try place(Self.study.replacingOccurrences(of: "two: {}", with: "two: {student.attentionLayers: [9]}"))
    let result = try place.mohawk("study", "study.yaml", "-o", "out")
    #expect(
      result.status == 1 && result.complaints == ["mohawk: out: 2 of 4 runs failed (the same command tries them again)"]
    )
    #expect(result.errors.contains("two, seed 1 failed: ") && result.output.contains("last       2  "))
    #expect(place.names("out/failures") == ["two_seed1.txt", "two_seed2.txt"])
  }

  @Test func whatCannotBeStudiedOrShownIsOneClearSentence() throws {
    let place = try place()
    func refused(_ arguments: [String], _ part: String) throws {
      let result = try Command.run(arguments, in: place.folder)
      #expect(result.status == 1 && result.complaints.count == 1 && result.output.isEmpty, "\(arguments): \(result)")
      #expect(result.errors.contains(part), "\(part): \(result.errors)")
    }
    try refused(["study", "nowhere.yaml", "-o", "out"], "nowhere.yaml")
    try refused(["study", "study.yaml", "-o", "out", "--set", "stages=[1]"], "stages is set by the arms")
    try refused(["study", "study.yaml", "-o", "out", "--report"], "there is no such study")
    try refused(["study", "study.yaml", "-o", "out", "--tokens", "many"], "--tokens is 'many'")
    try refused(["study", "recipe.yaml", "-o", "out"], "keys of recipes stand under set")
    #expect(!place.names("").contains("out"))
    try refused(["show", "nowhere"], "nowhere")
    try refused(["show", "teacher", "--layer", "2"], "use 0 to 1")
    try refused(["show", "teacher", "--layer", "x"], "--layer is 'x'")
    try refused(["show", "teacher", "--layer", "0,0"], "--layer is '0,0'")
    try refused(["show", "teacher", "--head", "4"], "use 0 to 3")
    try refused(["show", "teacher", "--tokens", "1"], "--tokens is 1")
    try refused(["show", "teacher", "--text", ""], "the text has 0 tokens")
  }
}
