import MohawkFiles

extension LossRecipe {
  /// What is compared, and all that differs from the defaults, such as `output, distance: squared`.
  public var summary: String {
    ([compares.rawValue] + choices.map { "\($0.leaf): \($0.value)" }).joined(separator: ", ")
  }

  /// What is wrong with the loss of a stage: values that are out of their range, have no effect, or contradict each
  /// other.
  func problems(of stage: StageName) -> [RecipeProblem] {
    var problems: [RecipeProblem] = []
    func refuse(_ leaf: String, _ message: String, remedy: String? = nil) {
      problems.append(RecipeProblem(key: "\(stage.rawValue).\(leaf)", message: message, remedy: remedy))
    }
    if stage == .calibration, compares != .output, compares != .block {
      refuse(
        "compares",
        "must be output or block, not \(compares.rawValue), because layers keep the weights with the best outputs"
      )
    }
    if let top, top < 1 { refuse("top", "must be at least 1, not \(top)") }
    if !(0...1).contains(labels) { refuse("labels", "must lie between 0.0 and 1.0, not \(labels)") }
    if !(temperature > 0 && temperature.isFinite) { refuse("temperature", "must be positive, not \(temperature)") }
    for (leaf, value, parts) in choices where !parts.contains(compares) {
      let names = parts.map(\.rawValue).joined(separator: " or ")
      refuse(
        leaf, "is \(value), which has no effect where \(compares.rawValue) is compared",
        remedy: "leave it out, or set \(stage.rawValue).compares to \(names)")
    }
    guard problems.isEmpty else { return problems }
    if relative, distance == .cosine {
      refuse("relative", "must be false with distance: cosine, in which sizes do not count")
    }
    if top != nil, divergence != .forward {
      refuse("top", "is for the forward divergence only", remedy: "write null, or divergence: forward")
    }
    if labels == 1 {
      for (leaf, value, _) in choices where leaf != "labels" {
        refuse(
          leaf, "is \(value), which has no effect with labels: 1, where the teacher is not asked",
          remedy: "leave it out, or lower labels")
      }
    }
    return problems
  }

  /// The values that differ from the defaults, and where they have an effect.
  private var choices: [(leaf: String, value: String, parts: [ComparedPart])] {
    let layers: [ComparedPart] = [.matrix, .output, .block, .hidden]
    var choices: [(leaf: String, value: String, parts: [ComparedPart])] = []
    if distance != .norm { choices.append(("distance", distance.rawValue, layers)) }
    if relative { choices.append(("relative", "true", layers)) }
    if columns != .equal { choices.append(("columns", columns.rawValue, [.matrix])) }
    if temperature != 1 { choices.append(("temperature", "\(temperature)", [.logits])) }
    if divergence != .forward { choices.append(("divergence", divergence.rawValue, [.logits])) }
    if let top { choices.append(("top", "\(top)", [.logits])) }
    if labels != 0 { choices.append(("labels", "\(labels)", [.logits])) }
    return choices
  }
}

extension StageRecipe {
  /// Refuses, before anything has been computed, a loss that a stage does not compute, one that contradicts itself, and a
  /// part to train that the loss does not depend on.
  /// - Parameters:
  ///   - parts: what the stage can compare.
  ///   - stage: its name.
  /// - Throws: one `MohawkError` that lists everything that is wrong.
  public func requireLoss(comparing parts: [ComparedPart], in stage: StageName) throws {
    if !parts.contains(loss.compares) {
      throw MohawkError(
        .invalidValue, "is \(loss.compares.rawValue), which this stage does not compare",
        at: "\(stage.rawValue).compares", remedy: "use \(parts.map(\.rawValue).joined(separator: " or "))")
    }
    if let error = RecipeProblem.error(loss.problems(of: stage)) { throw error }
    try requireTrained(loss.compares.trainable, in: stage)
  }

  /// Refuses a part to train that a stage's loss does not depend on, whose parameters would get no gradient.
  public func requireTrained(_ allowed: [TrainedPart], in stage: StageName) throws {
    guard allowed.contains(trains) else {
      throw MohawkError(
        .invalidValue, "stage \(stage.rawValue) does not train '\(trains.rawValue)'", at: "\(stage.rawValue).trains",
        remedy: "use \(allowed.map(\.rawValue).joined(separator: " or "))")
    }
  }
}
