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

/// `mohawk synthesize`.
@Suite(.onTwoThreads) struct SynthesizeTests {
  private func synthesize(_ folder: String, _ more: String..., tokens: String = "600") -> [String] {
    ["synthesize", "teacher", "-o", folder, "--tokens", tokens, "--length", "24", "--threads", "1"] + more
  }

  /// What must not depend on interruptions.
  private func files(_ place: Workplace, _ folder: String) throws -> [String: Data] {
    try place.names(folder).filter { $0 != ".lock" }.reduce(into: [:]) { $0[$1] = try place.bytes("\(folder)/\($1)") }
  }

  @Test func textIsWrittenToldAndLearnedFrom() throws {
    let place = try Workplace()
    let written = try Command.run(synthesize("text", "--batch", "7"), in: place.folder)
    #expect(written.status == 0, "\(written.errors)")
    for part in [
      "repeated four-word sequences", "tokens of a document, mean", "ended by themselves", "cut at the limit",
      "train with --data text\n",
    ] { #expect(written.output.contains(part), "\(part): \(written.output)") }
    for part in ["documents  6", "/600 tokens", "tokens/s", "ETA 0:00"] {
      #expect(written.errors.contains(part), "\(part): \(written.errors)")
    }
    #expect(place.names("text") == [".lock", "part-00000.jsonl", "synthesis.json"])
    let again = try Command.run(synthesize("text"), in: place.folder)
    #expect(again.status == 0 && again.errors.contains("text holds all of this text"), "\(again.errors)")
    #expect(again.output == written.output)
    let other = try Command.run(synthesize("other", "--batch", "1"), in: place.folder)
    #expect(other.status == 0)
    #expect(try files(place, "other") == files(place, "text"))
    let learned = try Command.run(place.distil("run", "--data", "text"), in: place.folder)
    #expect(learned.status == 0, "\(learned.errors)")
  }

  @Test(arguments: [SIGINT, SIGTERM, SIGKILL]) func whatWasStoppedContinuesWithTheSameBytes(_ signal: Int32) throws {
    let place = try Workplace()
    let tokens = "3k"
    #expect(try Command.run(synthesize("whole", tokens: tokens), in: place.folder).status == 0)
    var stops = 0
    for _ in 0..<40 {
      let before = (try? place.bytes("parts/.journal").count) ?? 0
      let command = try Command(synthesize("parts", "--batch", "3", tokens: tokens), in: place.folder)
      command.wait { ((try? place.bytes("parts/.journal").count) ?? 0) > before + 300 }
      command.send(signal)
      let result = try command.wait()
      if result.status == 0, !result.wasKilled { break }
      stops += 1
      if signal == SIGKILL {
        #expect(result.wasKilled)
      } else {
        #expect(result.status == 130 && result.complaints.count == 1, "\(result.errors)")
        #expect(result.errors.contains("give the same command again to continue"), "\(result.errors)")
      }
    }
    #expect(stops > 0)
    let rest = try Command.run(synthesize("parts", tokens: tokens), in: place.folder)
    #expect(rest.status == 0, "\(rest.errors)")
    #expect(try files(place, "parts") == files(place, "whole"))
  }

  @Test func whatCannotBeDoneIsOneSentence() throws {
    let place = try Workplace()
    func refused(_ arguments: [String], _ parts: String...) throws {
      let result = try Command.run(arguments, in: place.folder)
      #expect(result.status == 1 && result.output.isEmpty && !result.wasKilled, "\(arguments): \(result.errors)")
      #expect(result.complaints.count == 1 && result.errors.split(separator: "\n").count == 1, "\(result.errors)")
      for part in parts { #expect(result.errors.contains(part), "\(part): \(result.errors)") }
    }
    try refused(synthesize("out", tokens: "0"), "--tokens is 0, it must be 1 or more")
    try refused(synthesize("out", tokens: "many"), "--tokens is 'many'", "200k or 2M")
    try refused(synthesize("out", "--batch", "0"), "--batch is 0")
    try refused(synthesize("out", "--top-p", "0"), "top-p is 0.0, it must be above 0")
    try refused(synthesize("out", "--prompts", "nowhere.txt"), "nowhere.txt", "no such file")
    try place.folder.write("empty.txt", "\n  \n")
    try refused(synthesize("out", "--prompts", "empty.txt"), "empty.txt", "no line with text")
    try place.folder.write("wrong.jsonl", "{\"prompt\": \"a\"}\n{\"prompts\": \"a\"}\n")
    try refused(synthesize("out", "--prompts", "wrong.jsonl"), "wrong.jsonl:2", #"no text under "prompt" or "text""#)
    try refused(synthesize("out", "--questions", "text.txt"), "teacher", "no chat template", "--prompts FILE")
    try place.folder.write("one.txt", "One day")
    try refused(synthesize("out", "--prompts", "one.txt", "--questions", "one.txt"), "both given")
    try place.folder.write("long.txt", Workplace.text.replacingOccurrences(of: "\n", with: " "))
    try refused(synthesize("out", "--prompts", "long.txt"), "long.txt:1", "looks at 64 at most", "shorten")
    try refused(["synthesize", "nowhere", "-o", "out", "--tokens", "5"], "nowhere")
    #expect(!place.names("").contains("out"))
    try refused(synthesize("text.txt"), "text.txt")
    #expect(try Command.run(synthesize("text"), in: place.folder).status == 0)
    try refused(synthesize("text", "--seed", "9"), "seed was 0 and is now 9", "choose another folder")
  }

  @Test func aFullDiskIsToldAndLosesNothing() throws {
    let place = try Workplace()
    #expect(try Command.run(synthesize("whole", tokens: "3k"), in: place.folder).status == 0)
    let full = try Command.run(synthesize("parts", tokens: "3k"), in: place.folder, limit: 4096)
    #expect(full.status == 1 && full.complaints.count == 1 && !full.wasKilled, "\(full.errors)")
    #expect(try Command.run(synthesize("parts", tokens: "3k"), in: place.folder).status == 0)
    #expect(try files(place, "parts") == files(place, "whole"))
  }
}
