import MohawkFiles
import MohawkLayers
import MohawkMixers
import MohawkModels
import MohawkRecipes

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

  private func moves(_ parameter: Parameter, _ part: TrainedPart) -> Bool {
    let path = parameter.name.split(separator: ".")
    let isMixer = path.count > 3 && path[0] == "layers" && path[2] == "mixer"
    switch part {
    case .all: return true
    case .mixer: return isMixer
    case .matrix: return isMixer && DiscreteMamba2.matrixDependsOn(parameter.name)
    }
  }
}
