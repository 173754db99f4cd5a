import MohawkDistillation
import MohawkModels
import MohawkRecipes
import MohawkReports
import MohawkText

extension RunStart {
  /// What both models are, what the student takes over, and what moves in each stage.
  init(
    _ pair: DistillationPair, teacher: Decoder, student: Decoder, tokenizer: Tokenizer, transfer: [WeightTransferRow],
    recipe: Recipe, signals: TeacherSignals?
  ) {
    let (theirs, mine) = (teacher.configuration.facts, student.configuration.facts)
    var names = theirs.map(\.name)
    for fact in mine where !names.contains(fact.name) { names.insert(fact.name, at: max(0, names.count - 2)) }
    func value(_ name: String, _ facts: [(name: String, value: String)]) -> String {
      facts.first { $0.name == name }?.value ?? ""
    }
    var rows = names.map { Row($0, teacher: value($0, theirs), student: value($0, mine)) }
    rows += [
      Row("tokenizer length", teacher: "\(tokenizer.vocabularySize)", student: "\(tokenizer.vocabularySize)"),
      Row("highest id used", teacher: "\(tokenizer.highestID)", student: "\(tokenizer.highestID)"),
      Row("parameters", teacher: Self.count(teacher.parameters.count), student: Self.count(student.parameters.count)),
    ]
    func share(_ part: [WeightTransferRow]) -> String {
      let elements = part.reduce(0) { $0 + $1.shape.reduce(1, *) }
      let percent = 100 * Double(elements) / Double(max(1, student.parameters.count))
      return "\(Self.count(elements)) (\(Number.short(percent)) %) in \(part.count) tensors"
    }
    rows.append(Row("copied from the teacher", student: share(transfer.filter { $0.teacher != nil })))
    for how in ["fitted to the attention", "set by the attention's look-back", "set to 0", "drawn afresh"] {
      let part = transfer.filter { $0.how == how }
      if !part.isEmpty || how == "drawn afresh" { rows.append(Row(how, student: share(part))) }
    }
    for (number, name) in recipe.stages.enumerated() {
      let part = recipe[name].trains
      let moving = pair.moving(part)
      let elements = moving.reduce(0) { $0 + $1.value.count }
      rows.append(
        Row(
          "moves in part \(number + 1), \(name.rawValue)",
          teacher: signals.flatMap { Self.standIn($0, for: recipe[name].loss) } ?? "runs",
          student: "\(part.rawValue): \(Self.count(elements)) in \(moving.count) tensors"))
      let loss = recipe[name].loss
      if loss != Recipe()[name].loss { rows.append(Row("loss of part \(number + 1)", student: loss.summary)) }
    }
    rows += Self.budgets(pair, teacher.configuration, recipe, signals)
    self.init(rows: rows)
  }

  /// Tokens and steps of each stage, and on a processor, whose speed is measured for it, about how long they take.
  private static func budgets(
    _ pair: DistillationPair, _ shape: DecoderConfiguration, _ recipe: Recipe, _ signals: TeacherSignals?
  ) -> [Row] {
    let device = pair.student.parameters.all[0].value.device
    let speed = device.usesMainMemory ? ProductSpeed.measured(recipe.precision.compute) : nil
    return recipe.stages.enumerated().flatMap { number, name in
      let plan = recipe[name]
      let memory = MemoryParts(name, pair, plan, recipe.precision.compute)
      let parts = memory.parts.map { "\($0.name) \(Number.bytes(Int($0.bytes)))" }.joined(separator: ", ")
      let cost = StageCost(
        name, plan, pair, of: shape, length: recipe.data.sequenceLength,
        teacherRuns: signals?.part(for: plan.loss) == nil)
      let seconds = speed.map { cost.seconds(tokens: plan.steps * plan.batchTokens, speed: $0) }
      let time = seconds.map { ", about \(Number.duration($0))" } ?? ""
      let passes = plan.passes > 1 ? ", \(plan.passes) times" : ""
      return [
        Row(
          "budget of part \(number + 1)",
          student:
            "\(count(plan.tokens)) tokens\(passes), \(count(plan.steps)) steps of \(count(plan.batchTokens))\(time)"),
        Row("least memory of part \(number + 1)", student: "\(Number.bytes(Int(memory.bytes))): \(parts)"),
      ]
    }
  }

  /// What stands in for the teacher in a stage; nil where it runs.
  private static func standIn(_ signals: TeacherSignals, for loss: LossRecipe) -> String? {
    switch signals.part(for: loss) {
    case .top: "its \(signals.manifest.top ?? 0) most likely tokens, kept"
    case .inputs: "its layers, from inputs that were kept"
    case nil: nil
    }
  }

  private static func count(_ number: Int) -> String { Number.whole(number) }
}
