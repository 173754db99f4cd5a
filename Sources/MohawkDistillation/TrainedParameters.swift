import MohawkFiles
import MohawkLayers
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
    parameters.map { parameter in
      if parameter.traits.contains(.setsDecays) { return plan.decayRate }
      return copied.contains(parameter.name) ? plan.copiedRate : 1
    }
  }

  /// How many matrices each parameter is to Muon: B and C of one projection are two; what is no matrix of a block, or
  /// decides decays, is none.
  public func blocks(_ parameters: [Parameter]) -> [Int] {
    parameters.map { parameter in
      guard parameter.decays, parameter.value.rank == 2, parameter.name.hasPrefix("layers."),
        !parameter.traits.contains(.setsDecays)
      else { return 0 }
      return parameter.matrices
    }
  }

  /// The layer of whose mixer a parameter of the student is; nil for others.
  func mixerLayer(of parameter: Parameter) -> Int? { DecoderConfiguration.mixerLayer(of: parameter.name) }

  /// For each parameter its layer, where a stage clips them layer by layer.
  func clipGroups(_ parameters: [Parameter], _ plan: StageRecipe) -> [Int]? {
    plan.clipPerLayer ? parameters.map { mixerLayer(of: $0) ?? -1 } : nil
  }

  private func moves(_ parameter: Parameter, _ part: TrainedPart) -> Bool {
    let layer = mixerLayer(of: parameter)
    if let layers, let layer, !layers.contains(layer) { return false }
    return switch part {
    case .all: true
    case .mixer: layer != nil
    case .rest: layer == nil
    case .matrix: layer != nil && parameter.traits.contains(.shapesMatrix)
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
