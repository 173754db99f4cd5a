/// What a student is to be compared with, so that its numbers have a lower and an upper end.
public enum StudentFrame: String, Codable, Sendable, CaseIterable {
  /// The teacher itself, all attention kept, through stage 3 of the recipe: what the text and the rates alone change.
  case control
  /// The teacher with softmax in a window beside the first tokens where the student has mixers; nothing is trained.
  case window
  /// A student whose mixers put out nothing, through the same stage 3: what all else makes up for.
  case floor
  /// A student whose mixers stay at the paper's random start, through the same stage 3.
  case random

  /// Tokens that a token of `window` sees, itself included.
  public static let windowTokens = 64
  /// The first tokens, which `window` sees from everywhere.
  public static let windowSinks = 4

  /// Whether it goes through stage 3.
  public var isTrained: Bool { self != .window }
}

extension Recipe {
  /// The recipe of the run that trains a frame: this one's stage 3 on the same sequences; nil for one that trains
  /// nothing.
  /// - Parameters:
  ///   - frame: which.
  ///   - layers: of the teacher.
  ///   - headDim: the student's, where its start has chosen it: frames that start elsewhere get the same.
  public func frame(_ frame: StudentFrame, layers: Int, headDim: Int? = nil) -> Recipe? {
    var recipe = self
    recipe.name = "\(name), \(frame.rawValue)"
    recipe.frames = []
    recipe.evaluation.tasks = []
    recipe.data.skip = samples(of: .distillation).lowerBound
    recipe.stages = [.distillation]
    if frame != .control { recipe.student.headDim = student.headDim ?? headDim }
    switch frame {
    case .window: return nil
    case .control:
      recipe.student.attentionLayers = Array(0..<layers)
      (recipe.student.attentionHeads, recipe.student.attention) = ([], nil)
      recipe.student.keepsMLPs = true
      recipe.student.start = .paper  // no mixer is left to fit
    case .floor:
      recipe.student.start = .silent
      recipe.distillation.trains = .rest
    case .random:
      recipe.student.start = .paper
      recipe.distillation.trains = .rest
    }
    return recipe
  }
}
