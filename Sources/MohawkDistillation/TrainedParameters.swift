import MohawkFiles
import MohawkLayers
import MohawkMixers
import MohawkModels
import MohawkRecipes
import MohawkTensor
import MohawkTraining

extension DistillationPair {
  /// Sets what moves in the student and freezes the rest.
  func begin(_ part: TrainedPart) throws -> [Parameter] {
    teacher.freeze()
    let moving = student.parameters.train { moves($0, part) }
    guard !moving.isEmpty else {
      throw MohawkError(
        .invalidValue, "no parameter moves: the student keeps the teacher's mixer in every layer",
        remedy: "take layers out of student.attentionLayers, or train 'all'")
    }
    return moving
  }

  /// The student's parameters that belong to a part.
  public func moving(_ part: TrainedPart) -> [Parameter] { student.parameters.all.filter { moves($0, part) } }

  /// Each parameter's factor on a stage's learning rate.
  func rates(_ parameters: [Parameter], _ plan: StageRecipe) -> [Double] {
    parameters.map { copied.contains($0.name) ? plan.copiedRate : 1 }
  }

  private func moves(_ parameter: Parameter, _ part: TrainedPart) -> Bool {
    let path = parameter.name.split(separator: ".")
    let isMixer = path.count > 3 && path[0] == "layers" && path[2] == "mixer"
    switch part {
    case .all: return true
    case .mixer: return isMixer
    case .rest: return !isMixer
    case .matrix:
      guard isMixer, let layer = Int(path[1]) else { return false }
      return type(of: student.blocks[layer].mixer).matrixDependsOn(parameter.name)
    }
  }
}

extension StageRecipe {
  /// Refuses a part that the stage cannot train, before anything has been computed.
  /// - Parameter allowed: what the stage's loss depends on; other parameters would get no gradient.
  func requireTrained(_ allowed: [TrainedPart], in stage: StageName) throws {
    guard allowed.contains(trains) else {
      throw MohawkError(
        .invalidValue, "stage \(stage.rawValue) does not train '\(trains.rawValue)'", at: "\(stage.rawValue).trains",
        remedy: "use \(allowed.map(\.rawValue).joined(separator: " or "))")
    }
  }
}

extension StageLoss {
  /// The sum over layers; a layer that is not compared counts as 0.
  init(layers: [Tensor?]) {
    let some = layers.compactMap { $0 }[0]
    let all = layers.map { ($0 ?? Tensor.zeros([], some.dtype, on: some.device)).to(some.dtype) }
    self.init(total: Tensor.stacked(all).sum(), perLayer: all)
  }
}
