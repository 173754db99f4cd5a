import MohawkDistillation
import MohawkFiles
import MohawkRecipes

extension DistillationRun {
  /// Trains some layers of the student through the stages that compare layers, or goes on with them.
  func train(_ part: LayerPart, _ run: Run, _ teacherPath: String) throws {
    try recipe.requireDivisible()
    if try run.isAtItsEnd {
      settings.notice("layers \(part): finished already")
      return
    }
    _ = try train(run, teacherPath)
    let rest = recipe.stages.dropFirst(run.stages.count).map(\.rawValue)
    settings.notice(
      "layers \(part): trained through \(run.stages.map(\.rawValue).joined(separator: " and "))"
        + (rest.isEmpty ? "" : "; \(rest.joined(separator: " and ")) follows once all layers are joined"))
  }

  /// Leaves a pair only some layers to compare and train, and keeps in the folder which.
  func divide(_ pair: inout DistillationPair, _ part: LayerPart) throws {
    let kept = pair.keptLayers
    let all = Array(pair.student.blocks.indices)
    if let foreign = part.layers.first(where: { !all.contains($0) }) {
      throw MohawkError(
        .outOfRange, "there is no layer \(foreign): the model has \(all.count), counted from 0", at: "--layers \(part)")
    }
    let compared = all.filter { !kept.contains($0) }
    guard part.layers.contains(where: compared.contains) else {
      throw MohawkError(
        .invalidValue, "all of these layers keep their attention, so that there is nothing to train",
        at: "--layers \(part)", remedy: "choose among \(LayerPart(layers: compared))")
    }
    pair.layers = Set(part.layers)
    if settings.writes { try LayerPartFile(part, compared: compared).write(to: folder) }
  }
}

extension Run {
  /// Whether the last stage has ended and was saved.
  var isAtItsEnd: Bool {
    get throws {
      guard let state = try store.newestState() else { return false }
      return state.stageEnded && state.stageIndex == stages.count - 1
    }
  }
}
