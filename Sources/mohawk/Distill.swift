import ArgumentParser
import Foundation
import MohawkCommands
import MohawkFiles
import MohawkRecipes
import MohawkReports
import MohawkRuns
import MohawkTensor
import MohawkTraining

/// Distils a Transformer into a state-space model.
struct Distill: ParsableCommand, ReadsCheckpoints {
  static let configuration = CommandConfiguration(
    abstract: "Distils a Transformer into a state-space model or a hybrid by the stages of MOHAWK.",
    discussion: "The same command continues a run that was stopped.")

  @OptionGroup var options: RecipeOptions
  @OptionGroup var ranks: RankOptions
  @Option(help: "The teacher: a folder with config.json, model.safetensors, tokenizer.json, or a GGUF file.")
  var teacher: String?
  @Option(help: "Tokens to learn from in all, such as 300k; the stages share them as the recipe divides its own.")
  var tokens: String?
  @Option(
    help: """
      Time to train in all, such as 90m or 1h30m, in place of --tokens: the speed of every stage is measured first. Start, \
      evaluation and checkpoints come on top.
      """)
  var within: String?
  @Option(help: "The stages in their order, such as 1,2,3 or 2,3.") var stages: String?
  @Option(
    help: """
      Layers that keep the teacher's attention, such as 4,10,16,22; every:6 keeps one in six, best:5 the five that the \
      teacher needs most to look back, best:1/6 a sixth of all. Or single heads, which keep it beside the state-space \
      mixer: heads:2% of all heads or heads:8 keep those that see most far back, heads:3.1,10.0 these (layer.head).
      """) var attention: String?
  @Option(help: "A folder of mohawk signals to learn from, instead of running the teacher in every step.")
  var signals: String?
  @Option(help: "What is put through the same stage 3 to compare with, such as floor,control,window,random.")
  var frames: String?
  @Option(
    help: ArgumentHelp(
      "Begins this stage again from the end of the one before, where its keys have changed.", valueName: "stage"))
  var from: String?
  @Option(
    help: """
      Trains only these layers, such as 0-5, in the stages that compare layers; mohawk merge joins the parts.
      """)
  var layers: String?
  @Flag(help: "Takes fewer tokens at a time where a stage would not fit into memory; see mohawk plan.") var fit = false
  @Option(name: .shortAndLong, help: "The run's folder.") var output: String
  @OptionGroup var reading: CheckpointFlags
  var optionalModelPaths: [WritableKeyPath<Self, String?>] { [\.teacher] }

  /// Layers, single heads, or a rule that finds them; each takes the place of the others in the recipe.
  static func assignment(attention: String) -> String {
    let heads = attention.hasPrefix("heads:") && !attention.hasSuffix("%") ? attention.dropFirst(6) : ""
    if heads.contains(".") || heads.contains(",") { return "student.attentionHeads=[\(heads)]" }
    return attention.contains(":") ? "student.attention=\"\(attention)\"" : "student.attentionLayers=[\(attention)]"
  }

  func run() throws {
    var more: [String] = []
    if let stages { more.append("stages=[\(stages)]") }
    if let attention { more.append(Self.assignment(attention: attention)) }
    if let frames { more.append("frames=[\(frames)]") }
    if let signals { more.append("signals=\(try RecipeOptions.quoted(signals))") }
    // A run that names no recipe is called after its folder.
    if options.recipe ?? "demo" == "demo", !options.assignments.contains(where: { $0.hasPrefix("name=") }) {
      more.append("name=\(try RecipeOptions.quoted(URL(fileURLWithPath: output).lastPathComponent))")
    }
    let seconds = try RecipeOptions.seconds(within, insteadOf: tokens)
    if within != nil, layers != nil {
      throw MohawkError(.unsupported, "--within is for all layers", remedy: "give --tokens, the same for every part")
    }
    let recipe = try options.resolved(more, teacher: teacher, tokens: tokens)
    try ranks.together { ranks in
      var recipe = recipe
      if let seconds { recipe = try timed(recipe, seconds, ranks) }
      try run(fit ? fitted(recipe, ranks) : recipe, ranks)
    }
  }

  /// The recipe with budgets that take this long here; those of the run that is continued, where there is one.
  private func timed(_ recipe: Recipe, _ seconds: Double, _ ranks: Ranks?) throws -> Recipe {
    guard ranks == nil else {
      throw MohawkError(
        .unsupported, "--within is for one process: what a step takes may differ between machines",
        remedy: "give --tokens")
    }
    let known = RunFolder(output).recipe
    if FileManager.default.fileExists(atPath: known) {
      let begun = try RecipeLoader.load(known)
      var timed = recipe
      for stage in recipe.stages {
        (timed[stage].tokens, timed[stage].batchTokens) = (begun[stage].tokens, begun[stage].batchTokens)
        timed[stage].microBatchTokens = begun[stage].microBatchTokens
      }
      Terminal.complain("the budgets are those of the run in \(output), not measured anew")
      return timed
    }
    if let threads = recipe.threads { Runtime.threads = threads }
    let timed = try RunPlan.recipe(taking: seconds, recipe, notice: Terminal.complain)
    let budgets = recipe.stages.map { "\($0.rawValue) \(Number.whole(timed[$0].tokens))" }
    Terminal.complain("\(within ?? "") is time for about this many tokens: \(budgets.joined(separator: ", "))")
    return timed
  }

  /// The recipe with what makes it fit into memory; every rank of a kind of machine finds the same.
  private func fitted(_ recipe: Recipe, _ ranks: Ranks?) throws -> Recipe {
    guard ranks == nil else {
      throw MohawkError(
        .unsupported, "--fit is for one process: what fits may differ between machines",
        remedy: "find the change with mohawk plan --fit --ranks \(ranks?.place.size ?? 1), and give it with --set")
    }
    if let threads = recipe.threads { Runtime.threads = threads }
    var fitted = recipe
    let plan = try RunPlan.fitting(recipe, into: RunPlan.availableMemory(), notice: Terminal.complain)
    for stage in recipe.stages {
      fitted[stage].microBatchTokens = plan.recipe[stage].microBatchTokens
      fitted[stage].activationCheckpointing = plan.recipe[stage].activationCheckpointing
    }
    return fitted
  }

  private func run(_ recipe: Recipe, _ ranks: Ranks?) throws {
    var session = Session(recipe, ranks)
    session.settings.from = try RecipeOptions.stage(from)
    session.settings.part = try layers.map(LayerPart.init)
    let run = DistillationRun(recipe, folder: output, session.settings)
    session.showStart(of: run)
    let summary = try run.run()
    guard ranks?.isFirst ?? true else { return }
    if let part = session.settings.part {
      return Terminal.say("Layers \(part) are in \(run.folder.path); join all parts with mohawk merge")
    }
    Terminal.say(EvaluationTable.text(summary))
    Terminal.say("The student is in \(run.folder.model), the report in \(run.folder.report)")
  }
}
