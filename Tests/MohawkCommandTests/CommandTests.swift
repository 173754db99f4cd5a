import Foundation
import MohawkDistillation
import MohawkReports
import MohawkText
import Testing

@Suite(.onTwoThreads) struct CommandTests {
  @Test func everyCommandHasHelp() throws {
    let folder = try TemporaryFolder()
    let root = try Command.run(["--help"], in: folder)
    let names = [
      "demo", "pretrain", "synthesize", "signals", "distill", "study", "show", "approximate", "evaluate", "generate",
      "chat",
      "convert", "inspect",
      "tokenizer",
      "tokens", "recipes", "doctor",
    ]
    #expect(root.status == 0)
    for name in names {
      #expect(root.output.contains("\n  \(name) "), "\(name)")
      let help = try Command.run([name, "--help"], in: folder)
      #expect(help.status == 0 && help.errors.isEmpty && help.output.contains("USAGE: mohawk \(name)"), "\(name)")
    }
  }

  @Test func wrongKeysOptionsAndFoldersAreOneClearSentence() throws {
    let place = try Workplace()
    func refused(_ arguments: [String], _ status: Int32, _ parts: String...) throws {
      let result = try Command.run(arguments, in: place.folder)
      #expect(result.status == status && !result.wasKilled && result.output.isEmpty, "\(arguments): \(result.errors)")
      for part in parts { #expect(result.errors.contains(part), "\(part): \(result.errors)") }
      if status == 1 { #expect(result.errors.split(separator: "\n").count == 1, "\(result.errors)") }
    }
    try refused(
      place.distil("run", "--set", "student.chnk=32"), 1, "--set student.chnk=32", "did you mean student.chunk?")
    try refused(place.distil("run", "--set", "seed"), 1, "key=value")
    try refused(["distill", "-r", "demmo", "-o", "run"], 1, "did you mean demo?")
    try refused(place.distil("run", "--teacher", "nowhere"), 1, "nowhere/config.json", "no such file")
    try refused(place.distil("run", "--stages", "1,9"), 1, "stages")
    try refused(place.distil("run", "--frames", "flor"), 1, "frames", "control or window or floor or random")
    try refused(place.distil("run", "--stages", "2", "--frames", "floor"), 1, "frames", "goes through stage 3")
    try refused(place.distil("run", "--attention", "5"), 1, "layers 0 to 1")
    try refused(place.distil("run", "--tokens", "0"), 1, "--tokens is 0")
    try refused(place.distil("run", "--tokens", "many"), 1, "--tokens is 'many'")
    try refused(place.distil("text.txt"), 1, "text.txt")
    try refused(["distill", "-r", "demo", "-o", "run"], 1, "there is no teacher", "mohawk pretrain")
    try refused(["pretrain", "-r", "recipe.yaml", "-o", "run"], 1, "names the teacher")
    try refused(["recipes", "smal"], 1, "did you mean small?")
    try refused(["generate", "nowhere"], 1, "nowhere")
    try refused(["generate", "teacher", "--temperature=-1"], 1, "temperature is -1.0, it must be 0 or more")
    try refused(["generate", "teacher", "--temperature", "-1"], 1, "temperature is -1.0, it must be 0 or more")
    try refused(["generate", "teacher", "--top-p", "-.5"], 1, "top-p is -0.5, it must be")
    try refused(["generate", "teacher", "--tokens", "-5"], 1, "-5")
    try refused(
      ["tokens", "text.txt", "--tokenizer", "nowhere/at/all", "-o", "o"], 1, "nowhere/at/all", "no such file")
    try refused(["serve", "nowhere/at/all"], 1, "nowhere/at/all: no such file or folder")
    try refused(["generate", "teacher", "--threads", "0"], 1, "--threads is 0")
    try refused(["generate", "teacher", "--tokens=-1"], 1, "--tokens is -1")
    try refused(["generate", "teacher", "--weights", "fp8"], 1, "fp8", "f32, bf16, int8, int4")
    try refused(["evaluate", "teacher", "--length", "65", "--data", "text.txt"], 1, "--length is 65", "64")
    try refused(["evaluate", "teacher", "--length", "0"], 1, "--length is 0")
    try refused(["evaluate", "teacher", "--attention", "--tasks", "recall"], 1, "--attention", "leave out --tasks")
    try refused(["evaluate", "teacher", "--attention", "--length", "1", "--data", "text.txt"], 1, "--length is 1")
    try refused(["tokens", "text.txt", "--tokenizer", "nowhere.json", "-o", "tokens"], 1, "nowhere.json")
    try refused(["tokens", "text.txt", "--tokenizer", "teacher/tokenizer.json", "-o", "text.txt"], 1, "not a folder")
    try refused(
      ["tokens", "text.txt", "--tokenizer", "teacher/tokenizer.json", "-o", "tokens", "--shard", "0"], 1, "--shard is 0"
    )
    try refused(["tokenizer", "text.txt", "--vocabulary", "100"], 1, "257")
    try refused(place.distil("run", "--tokenizr", "x"), 64, "--tokenizr", "--tokenizer")
    try refused(["distil"], 64, "distil")
    try refused(["generate", "teacher", "--temperature", "warm"], 64, "warm")
    #expect(place.names("").filter { !$0.hasPrefix(".") } == ["recipe.yaml", "run", "teacher", "text.txt"])
    #expect(place.names("run") == [".lock"])
    #expect(try place.bytes("text.txt") == Data(Workplace.text.utf8))
  }

  @Test func factsOfAttentionAreShownAndWritten() throws {
    let place = try Workplace()
    let result = try place.mohawk(
      "evaluate", "teacher", "--attention", "--data", "text.txt", "--length", "32", "--tokens", "64", "--json",
      "facts.json")
    #expect(result.status == 0 && result.output.hasPrefix("2 sequences of 32 tokens\n"), "\(result.errors)")
    #expect(result.output.contains("\n mean  "))
    let facts = try JSONDecoder().decode(AttentionFacts.self, from: place.bytes("facts.json"))
    #expect(facts.tokens == 64 && facts.layers.count == 2 && facts.layers[1].heads.count == 4)
    let heads = facts.layers.flatMap(\.heads)
    #expect(heads.allSatisfy { $0.entropy > 0 && $0.scoreDeviation! > 0 && $0.windowMatrixError! < 1 })
  }

  @Test func aTeacherMayHaveAnotherShapeThanTheRecipesModel() throws {
    let place = try Workplace()
    // The recipe's own model has four layers and looks at 512 tokens; the teacher's shape is what counts.
    let result = try place.mohawk(
      "distill", "-r", "demo", "--teacher", "teacher", "--data", "text.txt", "-o", "run", "--attention", "5", "--set",
      "data.sequenceLength=64")
    #expect(result.status == 1 && result.errors.contains("the teacher has layers 0 to 1"), "\(result.errors)")
  }

  @Test func aVocabularyIsTrainedAndTextEncoded() throws {
    let place = try Workplace()
    let trained = try place.mohawk("tokenizer", "text.txt", "--vocabulary", "280", "-o", "tokenizer.json")
    #expect(trained.status == 0 && trained.output == "tokenizer.json: 280 entries from 1 files\n")
    let tokenizer = try Tokenizer(path: place.path("tokenizer.json"))
    #expect(tokenizer.vocabularySize == 280)
    let encoded = try place.mohawk(
      "tokens", "text.txt", "--tokenizer", "tokenizer.json", "-o", "tokens", "--shard", "2000")
    #expect(encoded.status == 0)
    let ids = tokenizer.encode(Workplace.text) + [tokenizer.endOfText!]
    #expect(encoded.output.hasPrefix("tokens: \(ids.count) tokens of 1 documents"))
    let shards = try TokenShards(path: place.path("tokens"), tokenizer: tokenizer.fingerprint)
    #expect(shards.ids(in: 0..<shards.count) == ids && place.names("tokens").count > 4)
    let again = try place.mohawk("tokens", "text.txt", "--tokenizer", "tokenizer.json", "-o", "tokens")
    #expect(again.status == 1 && again.errors.contains("not empty"))
  }

  @Test func generationIsRepeatableAndStops() throws {
    let place = try Workplace()
    func text(_ more: String...) throws -> Command.Result {
      let common = ["generate", "teacher", "-p", "One day", "--tokens", "12", "--threads", "1"]
      return try Command.run(common + more, in: place.folder)
    }
    let greedy = try text("--temperature", "0")
    #expect(greedy.status == 0 && greedy.output.hasPrefix("One day") && greedy.output.count > "One day\n".count)
    #expect(greedy.errors.contains("12 tokens"))
    #expect(try text("--temperature", "0").output == greedy.output)
    #expect(try text("--seed", "4", "--top-k", "5").output == text("--seed", "4", "--top-k", "5").output)
    let continuation = greedy.output.dropFirst("One day".count).dropLast()
    let stop = String(continuation.dropFirst(3).prefix(2))
    let stopped = try text("--temperature", "0", "--stop", stop)
    #expect(stopped.output == "One day" + continuation[..<continuation.firstRange(of: stop)!.lowerBound] + "\n")
    let long = try place.mohawk("generate", "teacher", "-p", String(Workplace.text.prefix(900)))
    #expect(long.status == 1 && long.complaints.first?.contains("looks at 64 at most") == true)
  }

  @Test func evaluationShowsPerplexityAloneAndBesideATeacher() throws {
    let place = try Workplace()
    let common = ["--data", "text.txt", "--tokens", "320", "--length", "32", "--threads", "1"]
    let alone = try Command.run(["evaluate", "teacher"] + common + ["--json", "alone.json"], in: place.folder)
    #expect(alone.status == 0 && alone.output.contains("perplexity") && alone.output.contains("bits per byte"))
    let summary = try JSONDecoder().decode(EvaluationSummary.self, from: place.bytes("alone.json"))
    #expect(summary.tokens == 320 && summary.teacherPerplexity == nil && summary.studentPerplexity! > 1)
    let both = try Command.run(
      ["evaluate", "teacher", "--teacher", "teacher"] + common + ["--json", "both.json"], in: place.folder)
    #expect(both.status == 0 && both.output.contains("KL(teacher"))
    let pair = try JSONDecoder().decode(EvaluationSummary.self, from: place.bytes("both.json"))
    #expect(pair.divergence == 0 && pair.agreement == 1 && pair.teacherPerplexity == pair.studentPerplexity)
    #expect(abs(pair.studentPerplexity! - summary.studentPerplexity!) < 1e-6 * summary.studentPerplexity!)
  }

  @Test func tasksAreShownBesideATeacherAndWritten() throws {
    let place = try Workplace()
    let line = #"{"goal": "G", "sol1": "a b", "sol2": "c", "label": 1}"#
    try place.folder.write("piqa.jsonl", line + "\n" + line)
    let both = try place.mohawk(
      "evaluate", "teacher", "--teacher", "teacher", "--tasks", "piqa=piqa.jsonl,mqar=4", "--limit", "2", "--output",
      "out", "--log-samples", "--threads", "1")
    #expect(both.status == 0 && both.output.contains("retention") && both.output.contains("acc_norm"), "\(both)")
    let tasks = try JSONDecoder().decode(TaskComparison.self, from: place.bytes("out/tasks.json"))
    #expect(tasks.student.map(\.task) == ["piqa", "mqar_4"] && tasks.student[0].measures == tasks.teacher[0].measures)
    let files = try FileManager.default.contentsOfDirectory(atPath: place.path("out/results/student"))
    #expect(files.count == 2 && files.contains { $0.hasPrefix("samples_piqa_") })
    let wrong = try place.mohawk("evaluate", "teacher", "--tasks", "pika=piqa.jsonl")
    #expect(wrong.status == 1 && wrong.complaints.first?.contains("did you mean piqa?") == true)
    for options in [
      ["--limit", "3"], ["--seed", "3"], ["--tasks", "mqar", "--data", "x"], ["--tasks", "mqar=4", "--tokens", "64"],
      ["--tasks", "mqar=4", "--length", "32"], ["--tasks", "mqar=4", "--log-samples"], ["--tasks", "mqar=4+4"],
      ["--tasks", "piqa=piqa.jsonl", "--examples", "piqa=piqa.jsonl"], ["--tasks", "piqa=piqa.jsonl,mqar=40"],
      ["--tasks", "mqar=4,piqa=piqa.jsonl", "--window", "1"], ["--window-off"], ["--tasks", "mqar=4", "--window-off"],
    ] {
      let result = try Command.run(["evaluate", "teacher"] + options, in: place.folder)
      #expect(result.status == 1 && result.complaints.count == 1, "\(options): \(result)")
      #expect(result.errors.split(separator: "\n").count == 1, "no work before it is refused: \(result.errors)")
    }
  }

  @Test func theDoctorAndTheRecipesSpeak() throws {
    let place = try Workplace()
    let doctor = try place.mohawk("doctor")
    #expect(doctor.status == 0 && doctor.output.contains("libtorch") && doctor.output.contains("GFLOP/s"))
    let list = try place.mohawk("recipes")
    #expect(list.status == 0 && list.output.contains("demo") && list.output.contains("phi-mamba-1.5b"))
    let printed = try place.mohawk("recipes", "demo")
    try place.folder.write("printed.yaml", printed.output)
    #expect(try place.mohawk("recipes", "printed.yaml").output == printed.output)
  }

  @Test func outputThatCannotBeWrittenIsAnErrorAndNoCrash() throws {
    guard FileManager.default.fileExists(atPath: "/dev/full") else { return }
    let process = Process()
    process.executableURL = Command.executable
    process.arguments = ["recipes"]
    process.standardOutput = FileHandle(forWritingAtPath: "/dev/full")
    let errors = Pipe()
    process.standardError = errors
    try process.run()
    process.waitUntilExit()
    let text = String(decoding: errors.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
    #expect(process.terminationReason == .exit && process.terminationStatus == 1)
    #expect(text == "mohawk: standard output cannot be written (check the disk)\n")
  }
}
