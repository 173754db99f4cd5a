import MohawkFiles

extension Recipe {
  /// Refuses a recipe that no run could follow.
  /// - Throws: one `MohawkError` that lists everything that is wrong.
  public func validate() throws {
    if let error = RecipeProblem.error(problems) { throw error }
  }

  /// Everything that is wrong, in the order of the keys.
  var problems: [RecipeProblem] {
    var checks = RecipeChecks()
    checks.run(self)
    checks.data(self)
    if teacher == nil { checks.model(model, data) }
    checks.student(self)
    for stage in trainingStages.uniqued() {
      checks.stage(stage, self[stage], data)
      if stage != .pretraining { checks.problems += self[stage].loss.problems(of: stage) }
      checks.dropout(stage, self[stage], student)
    }
    checks.frames(self)
    checks.atLeast(0, "checkpoints.every", checkpoints.every)
    checks.atLeast(1, "checkpoints.keep", checkpoints.keep)
    if !(checkpoints.minutes >= 0 && checkpoints.minutes.isFinite) {
      checks.refuse("checkpoints.minutes", "must be 0 or more, not \(checkpoints.minutes)")
    }
    checks.atLeast(2, "evaluation.tokens", evaluation.tokens)
    checks.atLeast(2, "evaluation.sequenceLength", evaluation.sequenceLength)
    checks.atLeast(1, "evaluation.limit", evaluation.limit)
    return checks.problems
  }
}

/// Collects what is wrong with a recipe.
private struct RecipeChecks {
  var problems: [RecipeProblem] = []

  mutating func refuse(_ key: String, _ message: String, remedy: String? = nil) {
    problems.append(RecipeProblem(key: key, message: message, remedy: remedy))
  }

  /// Notes `value` when it is below `least`; says whether it was fine.
  @discardableResult
  mutating func atLeast(_ least: Int, _ key: String, _ value: Int?) -> Bool {
    guard let value, value < least else { return true }
    refuse(key, "must be at least \(least), not \(value)")
    return false
  }

  mutating func range(_ range: ClosedRange<Double>, _ key: String, _ value: Double) {
    if !range.contains(value) {
      refuse(key, "must lie between \(range.lowerBound) and \(range.upperBound), not \(value)")
    }
  }

  mutating func run(_ recipe: Recipe) {
    atLeast(1, "threads", recipe.threads)
    let device = recipe.device
    let number = device.hasPrefix("cuda:") ? Int(device.dropFirst(5)) : nil
    if !["cpu", "cuda", "pretend"].contains(device), number.map({ $0 < 0 }) ?? true {
      refuse("device", "must be cpu, cuda or cuda:N, not “\(device)”")
    }
    if recipe.teacher?.isEmpty == true { refuse("teacher", "must not be empty", remedy: "write null to pretrain one") }
    if recipe.signals?.isEmpty == true {
      refuse("signals", "must not be empty", remedy: "write null to run the teacher in every step")
    }
    if recipe.stages.isEmpty && recipe.teacher != nil {
      refuse("stages", "must name a stage", remedy: "such as [orientation, alignment, distillation]")
    }
    if recipe.stages.contains(.pretraining) {
      refuse("stages", "must not name pretraining", remedy: "a teacher is pretrained whenever teacher is null")
    }
    if let twice = recipe.stages.firstRepeated { refuse("stages", "names \(twice.rawValue) twice") }
  }

  mutating func data(_ recipe: Recipe) {
    let data = recipe.data
    atLeast(2, "data.sequenceLength", data.sequenceLength)
    atLeast(0, "data.skip", data.skip)
    range(0...1, "data.repeats", data.repeats)
    if data.train.isEmpty { atLeast(2, "data.builtInTokens", data.builtInTokens) }
    if data.tokenizer == nil && recipe.teacher == nil { atLeast(257, "data.vocabulary", data.vocabulary) }
    if data.lossOn == .answers, data.train.isEmpty {
      refuse(
        "data.lossOn", "must be all, because built-in stories have no answers",
        remedy: "name conversations in data.train")
    }
    if data.lossOn == .answers, data.repeats > 0 {
      refuse(
        "data.repeats", "must be 0 with data.lossOn=answers, because it moves tokens between answers and other text")
    }
    if data.lossOn == .answers, recipe.teacher != nil,
      !recipe.stages.contains(where: { recipe[$0].loss.compares == .logits })
    {
      refuse("data.lossOn", "has no effect without stage distillation: layers are compared at all tokens")
    }
    for (key, paths) in [("data.train", data.train), ("data.validation", data.validation)]
    where paths.contains("") { refuse(key, "names an empty path") }
  }

  mutating func model(_ model: ModelRecipe, _ data: DataRecipe) {
    var sound = atLeast(1, "model.layers", model.layers)
    for (leaf, value) in [
      ("modelDim", model.modelDim), ("heads", model.heads), ("kvHeads", model.kvHeads), ("headDim", model.headDim),
      ("mlpDim", model.mlpDim), ("maxLength", model.maxLength),
    ] as [(String, Int?)] where !atLeast(1, "model.\(leaf)", value) { sound = false }
    range(0...1, "model.rotaryFraction", model.rotaryFraction)
    if model.rotaryBase <= 0 { refuse("model.rotaryBase", "must be positive, not \(model.rotaryBase)") }
    if model.normEpsilon <= 0 { refuse("model.normEpsilon", "must be positive, not \(model.normEpsilon)") }
    guard sound else { return }
    if model.headDim == nil && model.modelDim % model.heads != 0 {
      let near = nearestMultiple(of: model.heads, to: model.modelDim)
      refuse(
        "model.modelDim", "must be a multiple of model.heads (\(model.heads)), not \(model.modelDim)",
        remedy: "the nearest is \(near)")
    } else {
      let rotated = Double(model.resolvedHeadDim) * model.rotaryFraction
      if rotated.rounded() != rotated || Int(rotated) % 2 != 0 {
        refuse(
          "model.rotaryFraction",
          "must rotate an even number of the \(model.resolvedHeadDim) dimensions of a head, not \(rotated)")
      }
    }
    if model.heads % model.resolvedKVHeads != 0 {
      refuse("model.kvHeads", "must divide model.heads (\(model.heads)), but is \(model.resolvedKVHeads)")
    }
    if data.sequenceLength > model.maxLength {
      refuse("model.maxLength", "is \(model.maxLength), less than data.sequenceLength (\(data.sequenceLength))")
    }
  }

  mutating func student(_ recipe: Recipe) {
    let student = recipe.student
    atLeast(1, "student.stateDim", student.stateDim)
    atLeast(1, "student.convWidth", student.convWidth)
    var sound = atLeast(1, "student.qkHeads", student.qkHeads)
    sound = atLeast(1, "student.vHeads", student.vHeads) && sound
    atLeast(1, "student.headDim", student.headDim)
    if student.mixer == .discreteMamba2 {
      if !student.keepsMLPs {
        refuse("student.keepsMLPs", "is false, but only mamba-2 can stand for a whole block")
      }
      if student.headDim != nil { refuse("student.headDim", "is of mamba-2 only") }
    }
    window(student)
    if !student.keepsMLPs, !student.attentionLayers.isEmpty {
      refuse("student.attentionLayers", "names layers, but a student without MLPs has mixers only")
    }
    if student.chunk < 1 || student.chunk % 8 != 0 {
      refuse(
        "student.chunk", "must be a positive multiple of 8, not \(student.chunk)",
        remedy: "the nearest is \(nearestMultiple(of: 8, to: student.chunk))")
    }
    if let rule = student.attention {
      if !student.attentionLayers.isEmpty, !rule.isOfHeads {
        refuse("student.attention", "is \(rule), but student.attentionLayers names layers", remedy: "give one of them")
      }
      if !student.attentionHeads.isEmpty {
        refuse("student.attention", "is \(rule), but student.attentionHeads names heads", remedy: "give one of them")
      }
      if !student.keepsMLPs { refuse("student.attention", "is \(rule), but a student without MLPs has mixers only") }
    }
    if let twice = student.attentionLayers.firstRepeated {
      refuse("student.attentionLayers", "names layer \(twice) twice")
    }
    if let negative = student.attentionLayers.first(where: { $0 < 0 }) {
      refuse("student.attentionLayers", "names layer \(negative)", remedy: "layers are counted from 0")
    }
    heads(student)
    let heads = recipe.teacher == nil ? recipe.model.heads : nil
    if sound, let qk = student.qkHeads ?? heads, let v = student.vHeads ?? heads, qk > 0, v % qk != 0 {
      refuse("student.vHeads", "must be a multiple of student.qkHeads (\(qk)), not \(v)")
    }
    guard recipe.teacher == nil, recipe.model.layers > 0, recipe.model.heads > 0 else { return }
    if let outside = student.attentionLayers.first(where: { $0 >= recipe.model.layers }) {
      refuse(
        "student.attentionLayers", "names layer \(outside), but the model has \(recipe.model.layers) layers",
        remedy: "layers are counted from 0")
    }
    if let outside = student.attentionHeads.first(where: {
      $0.layer >= recipe.model.layers || $0.head >= recipe.model.heads
    }) {
      refuse(
        "student.attentionHeads",
        "names head \(outside), but the model has \(recipe.model.layers) layers of \(recipe.model.heads) heads",
        remedy: "layers and heads are counted from 0")
    }
    if let v = student.vHeads, sound, recipe.model.modelDim > 0, recipe.model.modelDim % v != 0 {
      refuse("student.vHeads", "must divide model.modelDim (\(recipe.model.modelDim)), but is \(v)")
    }
    if student.start == .attention, let stateDim = student.stateDim, stateDim != recipe.model.resolvedHeadDim {
      refuse(
        "student.stateDim",
        "must equal the teacher's head width (\(recipe.model.resolvedHeadDim)) to start from its attention, not \(stateDim)"
      )
    }
  }

  /// Single heads that keep attention, named or to be found.
  private mutating func heads(_ student: StudentRecipe) {
    guard student.keepsHeads else { return }
    let key = student.attentionHeads.isEmpty ? "student.attention" : "student.attentionHeads"
    if let twice = student.attentionHeads.firstRepeated { refuse(key, "names head \(twice) twice") }
    if let inside = student.attentionHeads.first(where: { student.attentionLayers.contains($0.layer) }) {
      refuse(key, "names head \(inside), but student.attentionLayers keeps all of layer \(inside.layer)")
    }
    if ![.automatic, .discreteMamba2].contains(student.mixer) {
      refuse(key, "keeps single heads, which discrete-mamba-2 alone can", remedy: "set student.mixer to auto")
    }
    if student.mixer == .automatic {
      // What is refused with discrete-mamba-2 by name.
      if !student.attentionHeads.isEmpty, !student.keepsMLPs {
        refuse(key, "names heads, but a student without MLPs has mixers only")
      }
      if student.headDim != nil { refuse("student.headDim", "is of mamba-2 only, which keeps no single heads") }
    }
  }

  private mutating func window(_ student: StudentRecipe) {
    atLeast(0, "student.sinks", student.sinks)
    guard student.window != nil else { return }
    atLeast(1, "student.window", student.window)
    for (key, value) in [("student.window", student.window ?? 0), ("student.sinks", student.sinks)]
    where value > 16_384 { refuse(key, "must be at most 16384, not \(value)") }
    if ![.automatic, .discreteMamba2, .slidingWindowAttention].contains(student.mixer) {
      refuse(
        "student.window", "is of discrete-mamba-2 and sliding-window-attention only",
        remedy: "set student.mixer to auto or one of these")
    }
    if student.mixer == .automatic {
      // What is refused with discrete-mamba-2 by name.
      if !student.keepsMLPs {
        refuse("student.keepsMLPs", "is false, but a mixer with a window cannot stand for a block")
      }
      if student.headDim != nil { refuse("student.headDim", "is of mamba-2 only, which has no window") }
    }
  }

  /// The share of sequences without window.
  mutating func dropout(_ name: StageName, _ stage: StageRecipe, _ student: StudentRecipe) {
    guard let share = stage.windowDropout else { return }
    let key = "\(name.rawValue).windowDropout"
    range(0...1, key, share)
    guard share > 0 else { return }
    if student.mixer == .slidingWindowAttention {
      refuse(key, "is \(share), but nothing would be left of mixers that are a window alone", remedy: "leave it out")
    } else if student.window == nil {
      refuse(key, "is \(share), but the student has no window", remedy: "set student.window, or leave it out")
    } else if name == .pretraining || stage.loss.compares == .matrix {
      refuse(key, "is \(share), but \(name.rawValue) does not drop windows", remedy: "leave it out")
    }
  }

  mutating func frames(_ recipe: Recipe) {
    if let twice = recipe.frames.firstRepeated { refuse("frames", "names \(twice.rawValue) twice") }
    guard let trained = recipe.frames.first(where: \.isTrained) else { return }
    if !recipe.stages.contains(.distillation) {
      refuse(
        "frames", "names \(trained.rawValue), which goes through stage 3, but stages does not",
        remedy: "leave it out, or add distillation to stages")
    } else if recipe.distillation.loss.compares != .logits {
      refuse(
        "frames",
        "names \(trained.rawValue), which learns logits, but distillation.compares is \(recipe.distillation.loss.compares.rawValue)",
        remedy: "leave it out, or compare logits")
    } else if recipe.distillation.trains != .all {
      refuse(
        "frames",
        "names \(trained.rawValue), in which what is no mixer trains, but distillation.trains is \(recipe.distillation.trains.rawValue)",
        remedy: "leave it out, or train all")
    }
  }

  mutating func stage(_ name: StageName, _ stage: StageRecipe, _ data: DataRecipe) {
    func key(_ leaf: String) -> String { "\(name.rawValue).\(leaf)" }
    atLeast(1, key("tokens"), stage.tokens)
    atLeast(0, key("evaluateEvery"), stage.evaluateEvery)
    let batch = stage.batchTokens
    let length = data.sequenceLength
    if atLeast(1, key("batchTokens"), batch), length >= 2 {
      let isMultiple = batch % length == 0
      if !isMultiple {
        refuse(
          key("batchTokens"), "must be a multiple of data.sequenceLength (\(length)), not \(batch)",
          remedy: "the nearest is \(nearestMultiple(of: length, to: batch))")
      }
      if let micro = stage.microBatchTokens, atLeast(1, key("microBatchTokens"), micro), isMultiple,
        batch % micro != 0 || micro % length != 0
      {
        refuse(
          key("microBatchTokens"),
          "must divide \(key("batchTokens")) (\(batch)) and be a multiple of data.sequenceLength (\(length)), not \(micro)"
        )
      }
    }
    if stage.clipPerLayer, !stage.loss.isOfSingleLayers {
      refuse(
        key("clipPerLayer"), "is true, but \(stage.loss.compares.rawValue) is not compared layer by layer",
        remedy: "leave it out, or compare matrix, output or block")
    }
    if stage.activationCheckpointing, stage.loss.isOfSingleLayers {
      refuse(
        key("activationCheckpointing"),
        "is true, but where \(stage.loss.compares.rawValue) is compared one layer is in memory at a time",
        remedy: "leave it out, or compare hidden or logits")
    }
    if stage.learningRate <= 0 { refuse(key("learningRate"), "must be positive, not \(stage.learningRate)") }
    if stage.finalLearningRate < 0 || stage.finalLearningRate > stage.learningRate && stage.learningRate > 0 {
      refuse(key("finalLearningRate"), "must lie between 0 and the peak learning rate, not \(stage.finalLearningRate)")
    }
    range(0...1, key("warmup"), stage.warmup)
    range(0...1, key("decay"), stage.decay)
    if stage.warmup >= 0 && stage.decay >= 0 && stage.warmup <= 1 && stage.decay <= 1
      && stage.warmup + stage.decay > 1 + 1e-9
    {
      refuse(
        key("warmup"), "and \(key("decay")) must not exceed 1 together, but are \(stage.warmup) and \(stage.decay)")
    }
    if stage.weightDecay < 0 { refuse(key("weightDecay"), "must not be negative, but is \(stage.weightDecay)") }
    for (leaf, beta) in [("beta1", stage.beta1), ("beta2", stage.beta2)] where !(0..<1).contains(beta) {
      refuse(key(leaf), "must be at least 0 and below 1, not \(beta)")
    }
    if stage.epsilon <= 0 { refuse(key("epsilon"), "must be positive, not \(stage.epsilon)") }
    for (leaf, rate) in [("copiedRate", stage.copiedRate), ("decayRate", stage.decayRate)]
    where !(rate >= 0 && rate.isFinite) { refuse(key(leaf), "must not be negative, but is \(rate)") }
    atLeast(1, key("passes"), stage.passes)
    if stage.clip < 0 { refuse(key("clip"), "must not be negative, but is \(stage.clip)") }
  }
}

/// The positive multiple of `unit` that is nearest to `value`.
private func nearestMultiple(of unit: Int, to value: Int) -> Int {
  let lower = value / unit
  let multiple = value - lower * unit > unit / 2 ? lower + 1 : lower
  return max(1, multiple) * unit
}

extension Array where Element: Hashable {
  /// The elements in order, each once.
  fileprivate func uniqued() -> [Element] {
    var seen = Set<Element>()
    return filter { seen.insert($0).inserted }
  }

  /// The first element that has come before.
  fileprivate var firstRepeated: Element? {
    var seen = Set<Element>()
    return first { !seen.insert($0).inserted }
  }
}
