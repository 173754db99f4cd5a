import Foundation
import MohawkMixers
import MohawkModels
import MohawkTensor
import MohawkText
import Testing

@Suite(.onTwoThreads) struct GenerateTests {
  private func greedy(_ place: Workplace, _ more: String...) throws -> Command.Result {
    try Command.run(["generate", "teacher", "--temperature", "0", "--threads", "1"] + more, in: place.folder)
  }

  @Test func aSavedStateGoesOnWhereItStopped() throws {
    let place = try Workplace()
    let whole = try greedy(place, "-p", "One day", "--tokens", "20")
    let first = try greedy(place, "-p", "One day", "--tokens", "8", "--save-state", "a.state")
    let second = try greedy(place, "--tokens", "12", "--load-state", "a.state", "--save-state", "b.state")
    #expect(whole.status == 0 && first.status == 0 && second.status == 0, "\(second.errors)")
    #expect(String(first.output.dropLast()) + second.output == whole.output)
    #expect(second.errors.contains("1 tokens read"))
    // With more text.
    let told = try greedy(place, "-p", " Then Tom", "--tokens", "4", "--load-state", "b.state")
    #expect(told.status == 0 && told.output.hasPrefix(" Then Tom"))
    let other = try place.mohawk("generate", "teacher", "--load-state", "text.txt")
    #expect(other.status == 1 && other.complaints.count == 1 && other.errors.contains("text.txt"))
    try place.makeTeacher("other", seed: 4)
    let wrong = try place.mohawk("generate", "other", "--load-state", "a.state")
    #expect(wrong.status == 1 && wrong.errors.contains("a.state: this state belongs to another model"))
  }

  @Test func whatCannotBeIsSaidBeforeTheText() throws {
    let place = try Workplace()
    let nowhere = try greedy(place, "-p", "One day", "--save-state", "nowhere/a.state")
    #expect(nowhere.status == 1 && nowhere.output.isEmpty && nowhere.errors.contains("nowhere/a.state"))
    let long = try greedy(place, "-p", String(Workplace.text.prefix(900)))
    #expect(long.status == 1 && long.output.isEmpty && long.errors.contains("looks at 64 at most"))
    #expect(try greedy(place, "-p", "One day", "--tokens", "3", "--save-state", "a.state").status == 0)
    #expect(place.names("").filter { $0.hasPrefix(".partial") }.isEmpty)
  }

  @Test func aPromptMayBeAFileOrStandardInput() throws {
    let place = try Workplace()
    let plain = try greedy(place, "-p", "One day\n", "--tokens", "5")
    let path = try place.folder.write("prompt.txt", "One day\n\n")
    let file = try greedy(place, "--prompt-file", "prompt.txt", "--tokens", "5")
    #expect(file.status == 0 && file.output == plain.output, "\(file.errors)")
    let arguments = ["generate", "teacher", "--temperature", "0", "--prompt-file", "-", "--tokens", "5"]
    let piped = try Command(arguments, in: place.folder, input: FileHandle(forReadingAtPath: path)).wait()
    #expect(piped.status == 0 && piped.output == plain.output, "\(piped.errors)")
    try place.folder.write("broken.txt", [0x4F, 0xFF, 0xC3])
    #expect(try greedy(place, "--prompt-file", "broken.txt", "--tokens", "2").output.hasPrefix("O\u{FFFD}\u{FFFD}"))
    for (arguments, part) in [
      (["--prompt-file", "nowhere"], "nowhere"), (["-p", "a", "--prompt-file", "-"], "both given"),
    ] {
      let result = try Command.run(["generate", "teacher"] + arguments, in: place.folder)
      #expect(result.status == 1 && result.complaints.count == 1 && result.errors.contains(part), "\(result.errors)")
    }
  }

  @Test func textsMayBeginWithADash() throws {
    let place = try Workplace()
    let dashed = try greedy(place, "-p", "- One day", "--tokens", "5", "--stop", "--")
    #expect(dashed.status == 0 && dashed.output.hasPrefix("- One day"), "\(dashed.errors)")
    let same = try greedy(place, "--prompt=- One day", "--tokens", "5", "--stop=--")
    #expect(same.output == dashed.output)
  }

  @Test func aDraftChangesTheSpeedAndNotTheText() throws {
    let place = try Workplace()
    try place.makeTeacher("small", seed: 9, width: 16)
    let plain = try greedy(place, "-p", "One day", "--tokens", "24")
    for draft in ["layers:1", "small", "teacher"] {
      let found = try greedy(place, "-p", "One day", "--tokens", "24", "--draft", draft, "--draft-tokens", "3")
      #expect(found.status == 0 && found.output == plain.output, "\(draft): \(found.errors)")
      #expect(found.errors.contains("proposed tokens accepted") && found.errors.contains("times the speed"), "\(draft)")
    }
    let same = try greedy(place, "-p", "One day", "--tokens", "24", "--draft", "teacher")
    #expect(same.errors.contains("(100 %)"))
    for (draft, part) in [
      ("layers:2", "the model has 2 layers"), ("layers:0", "--draft is layers:0"), ("layers:x", "layers:x"),
      ("nowhere", "nowhere"),
    ] {
      let result = try greedy(place, "--draft", draft)
      #expect(result.status == 1 && result.complaints.count == 1 && result.errors.contains(part), "\(result.errors)")
    }
    let many = try greedy(place, "--draft", "layers:1", "--draft-tokens", "65")
    #expect(many.status == 1 && many.errors.contains("--draft-tokens is 65"))
    var trainer = BytePairTrainer()
    trainer.add("another text for another tokenizer, another text for another tokenizer")
    try trainer.train(vocabularySize: 270).write(to: place.path("small/tokenizer.json"))
    let foreign = try greedy(place, "--draft", "small")
    #expect(foreign.status == 1 && foreign.errors.contains("the draft's tokenizer is not the model's"))
  }

  @Test func textEndsWhereTheGenerationConfigSays() throws {
    let place = try Workplace()
    let plain = try greedy(place, "-p", "One day", "--tokens", "6")
    let continuation = String(plain.output.dropFirst("One day".count).dropLast())
    let ids = Workplace.tokenizer.encode(continuation)
    try place.folder.write("teacher/generation_config.json", #"{"eos_token_id": [0, \#(ids[0])]}"#)
    let ended = try greedy(place, "-p", "One day", "--tokens", "6")
    #expect(ended.output.count < plain.output.count && ended.errors.contains("tokens"))
  }

  @Test func logprobsComeAfterTheTextALineEach() throws {
    let place = try Workplace()
    let plain = try greedy(place, "-p", "One day", "--tokens", "5")
    let scored = try greedy(place, "-p", "One day", "--tokens", "5", "--logprobs", "2")
    #expect(scored.status == 0 && scored.output.hasPrefix(plain.output), "\(scored.errors)")
    let lines = scored.output.dropFirst(plain.output.count).split(separator: "\n").map { $0.split(separator: "\t") }
    #expect(lines.count == 5 && lines.allSatisfy { $0.count == 6 })
    for line in lines {
      // Greedy, the token is the most likely one, save for rows of the head without a token.
      #expect(line[2].contains("token_id") || line[0] == line[2] && line[1] == line[3])
      #expect(line[0].hasPrefix("\"") && line[0].hasSuffix("\""))
      #expect(Double(line[1])! <= 0 && Double(line[5])! <= Double(line[3])!)
    }
    let drafted = try greedy(place, "-p", "One day", "--tokens", "5", "--logprobs", "2", "--draft", "layers:1")
    #expect(drafted.output == scored.output)
    let alone = try greedy(place, "-p", "One day", "--tokens", "2", "--logprobs", "0")
    #expect(alone.output.split(separator: "\n").suffix(2).allSatisfy { $0.split(separator: "\t").count == 2 })
    for bad in ["-1", "21"] {
      let refused = try Command.run(["generate", "teacher", "--logprobs=\(bad)"], in: place.folder)
      #expect(refused.status == 1 && refused.complaints.count == 1 && refused.errors.contains("--logprobs is \(bad)"))
    }
  }

  @Test func aServersDraftIsCheckedBeforeItListens() throws {
    let place = try Workplace()
    for (draft, part) in [
      ("layers:2", "the model has 2 layers"), ("layers:x", "--draft is layers:x"), ("nowhere", "nowhere"),
    ] {
      let result = try Command.run(["serve", "teacher", "--port", "0", "--draft", draft], in: place.folder)
      #expect(result.status == 1 && result.complaints.count == 1 && result.errors.contains(part), "\(result.errors)")
      #expect(!result.output.contains("serving"))
    }
    let many = try Command.run(["serve", "teacher", "--port", "0", "--draft-tokens", "65"], in: place.folder)
    #expect(many.status == 1 && many.errors.contains("--draft-tokens is 65"))
  }
}
