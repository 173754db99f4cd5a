import Foundation
import MohawkRecipes
import MohawkReports
import Testing

/// What a plan says, beside what a run takes.
@Suite(.serialized, .onTwoThreads) struct PlanTests {
  /// Bytes in the row `memory` of the only stage.
  private func planned(_ output: String) -> Double? {
    let line = output.split(separator: "\n").first { $0.hasPrefix("memory  ") }
    let words = (line ?? "").split(separator: " ")
    let units = ["MB": 1e6, "GB": 1e9]
    guard words.count == 3, let number = Double(words[1]), let unit = units[String(words[2])] else { return nil }
    return number * unit
  }

  @Test(arguments: [
    ("3", ["--set", "distillation.batchTokens=4096", "--precision", "fp32"]),
    ("3", ["--set", "distillation.batchTokens=4096", "--precision", "bf16"]),
    ("3", ["--set", "distillation.batchTokens=4096", "--set", "distillation.microBatchTokens=1024"]),
    ("3", ["--set", "distillation.batchTokens=2048", "--set", "distillation.optimizer=muon"]),
    ("2", ["--set", "alignment.batchTokens=4096"]), ("1", ["--set", "orientation.batchTokens=4096"]),
  ]) func memoryIsThatOfTheRun(_ stage: String, _ more: [String]) throws {
    try expectMemory(stage, width: 256, layers: 2, more)
  }

  @Test(arguments: [
    ("3", 64, 6, ["--set", "distillation.batchTokens=8192"]),
    ("3", 384, 4, ["--set", "distillation.batchTokens=1024", "--precision", "bf16"]),
    ("3", 512, 5, ["--set", "distillation.batchTokens=1024", "--precision", "fp32"]),
    ("2", 512, 6, ["--set", "alignment.batchTokens=2048"]), ("1", 128, 8, ["--set", "orientation.batchTokens=2048"]),
  ]) func memoryIsThatOfRunsOfOtherSizes(_ stage: String, _ width: Int, _ layers: Int, _ more: [String]) throws {
    try expectMemory(stage, width: width, layers: layers, more)
  }

  @Test func layersThatAreComputedAgainTakeLessMemoryAsPlanned() throws {
    let batch = ["--set", "distillation.batchTokens=4096"]
    let whole = try expectMemory("3", width: 128, layers: 12, batch)
    let less = try expectMemory(
      "3", width: 128, layers: 12, batch + ["--set", "distillation.activationCheckpointing=true"])
    #expect(less < 0.7 * whole, "\(less) of \(whole) bytes")
  }

  // A plan continues what it measures of few layers to all, so that what other programs and tests take from it meanwhile is
  // multiplied: beside other tests a plan was a third of the run's time, and three times of it.
  @Test(
    .enabled(
      if: ProcessInfo.processInfo.environment["MOHAWK_PLAN_TIMES"] != nil,
      "times are compared on a machine that does nothing else: MOHAWK_PLAN_TIMES=1 swift test --filter PlanTests"),
    arguments: [
      ("3", 64, 6, ["--set", "distillation.batchTokens=4096"]),
      ("3", 128, 5, ["--set", "distillation.batchTokens=1024"]),
      ("3", 256, 4, ["--set", "distillation.batchTokens=512", "--precision", "bf16"]),
      ("3", 384, 3, ["--set", "distillation.batchTokens=512"]), ("2", 256, 6, ["--set", "alignment.batchTokens=1024"]),
      ("1", 256, 5, ["--set", "orientation.batchTokens=2048"]),
    ]) func timeIsThatOfTheRun(_ stage: String, _ width: Int, _ layers: Int, _ more: [String]) throws
  {
    let place = try Workplace()
    try place.makeTeacher("teacher", seed: 3, width: width, layers: layers)
    let batch = more[1].split(separator: "=").last.flatMap { Int($0) }!
    let (plan, records) = try planAndRun(stage, tokens: "\(10 * batch)", more, in: place)
    let line = plan.split(separator: "\n").first { $0.hasPrefix("time of a step  ") }
    let seconds = try #require(line?.split(separator: " ").dropLast().last.flatMap { Double($0) }, "\(plan)")
    let found = records.dropFirst().map(\.seconds).sorted()
    let ratio = seconds / found[found.count / 2]
    print("stage \(stage), width \(width), \(layers) layers: planned over found \(ratio)")
    #expect(abs(ratio - 1) < 0.25)
  }

  /// What a plan says, and the steps of the run.
  private func planAndRun(
    _ stage: String, tokens: String, _ more: [String], in place: Workplace
  ) throws -> (plan: String, records: [StepRecord]) {
    let names = ["1": "orientation", "2": "alignment", "3": "distillation"]
    let options =
      ["-r", "recipe.yaml", "--teacher", "teacher", "--stages", stage, "--set", "data.sequenceLength=64"]
      + ["--set", "distillation.microBatchTokens=null"]
      + ["--set", "\(names[stage]!).tokens=\(tokens)"] + more
    let plan = try Command.run(["plan"] + options, in: place.folder)
    #expect(plan.status == 0, "\(plan.errors)")
    try? FileManager.default.removeItem(atPath: place.path("run"))
    let run = try Command.run(["distill", "-o", "run"] + options, in: place.folder)
    #expect(run.status == 0, "\(run.errors)")
    let records = try MetricsLog.read(place.path("run/metrics.jsonl")).compactMap { event in
      if case .step(let record) = event { record } else { nil }
    }
    return (plan.output, records)
  }

  /// - Returns: the run's peak in bytes.
  @discardableResult
  private func expectMemory(_ stage: String, width: Int, layers: Int, _ more: [String]) throws -> Double {
    let place = try Workplace()
    try place.makeTeacher("teacher", seed: 3, width: width, layers: layers)
    let (plan, records) = try planAndRun(stage, tokens: "12k", more, in: place)
    let memory = try #require(planned(plan), "\(plan)")
    let peak = (records.map(\.peakMemoryMiB).max() ?? 0) * 1_048_576
    #expect(abs(memory / peak - 1) < 0.15, "planned \(memory / 1e6) MB, found \(peak / 1e6) MB")
    return peak
  }

  @Test func aTimeBecomesBudgetsThatARunKeeps() throws {
    let place = try Workplace()
    try place.makeTeacher("teacher", seed: 3, width: 32, layers: 2)
    let command = [
      "distill", "-r", "recipe.yaml", "--teacher", "teacher", "-o", "run", "--within",
    ]
    func budgets() throws -> [Int] {
      let recipe = try RecipeLoader.load(place.path("run/recipe.yaml"))
      return recipe.stages.map { recipe[$0].tokens }
    }
    let first = try Command.run(command + ["10s"], in: place.folder)
    #expect(first.status == 0 && first.errors.contains("10s is time for about this many tokens"), "\(first.errors)")
    let found = try budgets()
    // Again with another time: the run is finished, and stays so.
    let again = try Command.run(command + ["1h"], in: place.folder)
    #expect(again.status == 0 && again.errors.contains("the budgets are those of the run in run"), "\(again.errors)")
    #expect(try budgets() == found)
  }

  @Test func aPlanWritesNothing() throws {
    let place = try Workplace()
    let before = place.names("")
    let result = try Command.run(["plan", "-r", "recipe.yaml", "--quick"], in: place.folder)
    #expect(result.status == 0 && result.output.contains("it fits") && result.output.contains("disk:"))
    #expect(place.names("").filter { !$0.hasPrefix(".") } == before.filter { !$0.hasPrefix(".") })
  }

  @Test(arguments: [
    ["--ranks", "0"], ["--quick", "--fit"], ["--teacher", "nobody"], ["--within", "soon"], ["--within", "0s"],
    ["--within", "1h", "--tokens", "1k"], ["--within", "1h", "--quick"],
  ])
  func anImpossiblePlanIsRefused(_ more: [String]) throws {
    let place = try Workplace()
    let result = try Command.run(["plan", "-r", "recipe.yaml"] + more, in: place.folder)
    #expect(result.status == 1 && result.complaints.count == 1, "\(result.errors)")
  }
}
