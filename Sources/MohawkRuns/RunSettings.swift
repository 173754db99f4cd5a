import MohawkFiles
import MohawkRecipes
import MohawkTensor

/// What the caller of a run provides beside its recipe.
public struct RunSettings {
  /// Told about everything that happens, on the thread that trains.
  public var listeners: [any TrainingListener] = []
  /// Told in one line about long work that is no training.
  public var notice: (String) -> Void = { _ in }
  /// Asked after every step; true saves and ends the run.
  public var shouldStop: () -> Bool = { false }

  /// A stage that is to begin again, with other keys, from the end of the one before it; nil: the run goes on where it is.
  public var from: StageName?

  /// The only layers to train, in the stages that compare layers; nil for a whole run.
  public var part: LayerPart?

  /// Silent and never stopped.
  public init() {}
}

extension Precision {
  /// The type that layers compute in.
  public var compute: DType {
    switch self {
    case .float32: .float32
    case .bfloat16: .bfloat16
    }
  }
}
