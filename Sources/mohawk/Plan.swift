import ArgumentParser
import MohawkCommands
import MohawkFiles
import MohawkRecipes
import MohawkReports
import MohawkRuns
import MohawkTensor

/// Says what a distillation will take.
struct Plan: ParsableCommand, ReadsCheckpoints {
  static let configuration = CommandConfiguration(
    abstract: "Says what a distillation will take: parameters, memory, operations, time and disk.",
    discussion: """
      No weights are read. Some steps of every stage are made here, on models of up to three layers, and continued to all \
      layers. Take the options of the mohawk distill that is planned.
      """)

  @OptionGroup var options: RecipeOptions
  @Option(help: "The teacher: a folder with config.json, model.safetensors, tokenizer.json, or a GGUF file.")
  var teacher: String?
  @Option(help: "Tokens to learn from in all, such as 300k.") var tokens: String?
  @Option(help: "Time to train in all, such as 90m, as distill --within takes it.") var within: String?
  @Option(help: "The stages in their order, such as 1,2,3 or 2,3.") var stages: String?
  @Option(
    help: "Layers that keep the teacher's attention, such as 4,10,16,22, every:6 or best:5, or heads, such as heads:2%."
  )
  var attention: String?
  @Option(help: "Processes that share every batch.") var ranks = 1
  @Flag(help: "Makes no steps: says nothing of activations and time.") var quick = false
  @Flag(help: "Looks for the smallest change that makes it fit into memory, as distill --fit does.") var fit = false
  @OptionGroup var reading: CheckpointFlags
  var optionalModelPaths: [WritableKeyPath<Self, String?>] { [\.teacher] }

  func run() throws {
    guard ranks > 0 else { throw MohawkError(.invalidValue, "--ranks is \(ranks)", remedy: "give 1 or more") }
    if quick, fit {
      throw MohawkError(.invalidValue, "--fit needs what --quick leaves out", remedy: "leave out one of them")
    }
    var more: [String] = []
    if let stages { more.append("stages=[\(stages)]") }
    if let attention { more.append(Distill.assignment(attention: attention)) }
    let seconds = try RecipeOptions.seconds(within, insteadOf: tokens)
    if within != nil, quick || ranks > 1 {
      throw MohawkError(
        .invalidValue, "--within is measured, for one process", remedy: "leave out \(quick ? "--quick" : "--ranks")")
    }
    var recipe = try options.resolved(more, teacher: teacher, tokens: tokens)
    if let threads = recipe.threads { Runtime.threads = threads }
    if let seconds { recipe = try RunPlan.recipe(taking: seconds, recipe, notice: Terminal.complain) }
    let available = RunPlan.availableMemory()
    let plan =
      fit
      ? try RunPlan.fitting(recipe, into: available, ranks: ranks, notice: Terminal.complain)
      : try RunPlan(recipe, measures: !quick, ranks: ranks, notice: Terminal.complain)
    Terminal.say(plan.text(available: available))
  }
}

extension RunPlan {
  /// As tables.
  func text(available: Double) -> String {
    func size(_ bytes: Double) -> String { Number.bytes(Int(bytes)) }
    let names = stages.reduce(into: [String]()) { all, stage in
      for part in stage.parts where !all.contains(part.name) { all.append(part.name) }
    }
    var table = Table([.init("plan")] + stages.map { .init($0.name.rawValue, .right) })
    func row(_ name: String, _ value: (Stage) -> String) { table.add([name] + stages.map(value)) }
    row("tokens") { Number.whole($0.tokens) }
    row("steps") { Number.whole($0.steps) }
    row("tokens at a time") { Number.whole($0.microBatchTokens) }
    if recipe.stages.contains(where: { recipe[$0].activationCheckpointing }) {
      row("activation checkpointing") { recipe[$0.name].activationCheckpointing ? "yes" : "no" }
    }
    row("parameters that move") { Number.whole($0.moving) }
    row("operations of a token") { Number.short($0.operations) }
    row("operations") { Number.short($0.operations * Double($0.tokens)) }
    for name in names {
      row("memory: \(name)") { stage in stage.parts.first { $0.name == name }.map { size($0.bytes) } ?? "" }
    }
    row("memory") { size($0.memory) }
    row("time of a step") { stage in
      stage.seconds.map { "\(Number.short($0 / Double(max(1, stage.steps)))) s" } ?? "not measured"
    }
    row("time") { $0.seconds.map(Number.duration) ?? "not measured" }
    var lines = [
      "teacher \(Number.whole(teacherParameters)) parameters, student \(Number.whole(studentParameters))", table.text,
      "disk: \(disk.map { "\($0.name) \(size($0.bytes))" }.joined(separator: ", "))",
    ]
    if let largest {
      let fits = largest.memory <= available
      lines.append(
        "memory: \(size(largest.memory)) in \(largest.name.rawValue), \(size(available)) available: "
          + (fits ? "it fits" : "it does not fit; --fit looks for the smallest change that makes it fit"))
    }
    return (lines + notes).joined(separator: "\n")
  }
}
