/// What a stage makes small: which part of the student is compared with the teacher's, and how.
///
/// The paper's three losses are ``matrixOrientation``, ``hiddenStateAlignment`` and ``knowledgeDistillation``.
public struct LossRecipe: Codable, Sendable, Equatable {
  /// What is compared.
  public var compares: ComparedPart
  /// How the distance of two layers is measured; for everything but logits.
  public var distance = LayerDistance.norm
  /// Whether distances are divided by the teacher's size, so that a mixer that puts out nothing has 1; for everything but
  /// logits.
  public var relative = false
  /// Which columns of a matrix count; for matrices.
  public var columns = MatrixColumns.equal
  /// What the logits of teacher and student are divided by; for logits, as all that follows.
  public var temperature = 1.0
  /// Which divergence of next-token probabilities is made small.
  public var divergence = Divergence.forward
  /// How many of the teacher's most likely tokens are compared one by one, the others as one; `nil` means all.
  public var top: Int?
  /// Share of the loss that is cross-entropy against the text itself, 0 to 1.
  public var labels = 0.0

  /// The other values have the defaults of the paper.
  public init(_ compares: ComparedPart) { self.compares = compares }

  /// Stage 1 of the paper: the Frobenius distance of matrices.
  public static let matrixOrientation = LossRecipe(.matrix)
  /// Stage 2 of the paper: the Euclidean distance of mixer outputs.
  public static let hiddenStateAlignment = LossRecipe(.output)
  /// Stage 3 of the paper: the cross-entropy against the teacher's next-token probabilities.
  public static let knowledgeDistillation = LossRecipe(.logits)
  /// The cross-entropy against the text alone, without a teacher.
  public static let nextToken = {
    var loss = LossRecipe(.logits)
    loss.labels = 1
    return loss
  }()

  /// Whether teacher and student are compared layer by layer, each layer from the teacher's own input to it.
  public var isOfSingleLayers: Bool { [.matrix, .output, .block].contains(compares) }
}

/// What of a student is compared with its teacher's.
public enum ComparedPart: String, Codable, Sendable, CaseIterable {
  /// Each mixer's matrix, from the teacher's input to its layer (MOHAWK's stage 1).
  case matrix
  /// Each mixer's output, from the teacher's input to its layer (MOHAWK's stage 2).
  case output
  /// What each whole block adds to the residual stream, from the teacher's input to its layer.
  case block
  /// The residual stream after every block, each model from its own input to it.
  case hidden
  /// The next-token probabilities (MOHAWK's stage 3).
  case logits

  /// Which parameters can move: those that the loss depends on.
  public var trainable: [TrainedPart] {
    switch self {
    case .matrix: [.matrix]
    case .output, .block, .hidden: [.matrix, .mixer]
    case .logits: [.mixer, .all, .rest]
    }
  }
}

/// How the distance of a layer from its teacher's is measured: of each token, or of each matrix.
public enum LayerDistance: String, Codable, Sendable, CaseIterable {
  /// The norm of the difference (MOHAWK).
  case norm
  /// Its square.
  case squared
  /// One minus the cosine of the angle between both: their sizes do not count.
  case cosine
}

/// How much the columns of a matrix count in its distance from the teacher's.
public enum MatrixColumns: String, Codable, Sendable, CaseIterable {
  /// All alike (MOHAWK).
  case equal
  /// As much as the teacher's values that they multiply are long.
  case values
}

/// A divergence of the student's next-token probabilities q from the teacher's p.
public enum Divergence: String, Codable, Sendable, CaseIterable {
  /// KL(p ‖ q) up to p's entropy: the cross-entropy against p (MOHAWK).
  case forward
  /// KL(q ‖ p).
  case reverse
  /// The mean of both.
  case mixed
}
