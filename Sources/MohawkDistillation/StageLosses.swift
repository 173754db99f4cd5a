import MohawkMixers
import MohawkRecipes
import MohawkTensor

/// The three losses of MOHAWK (Bick et al. 2024) and their variants, as pure functions. Distances are unsquared unless
/// a loss says otherwise.
public enum StageLosses {
  /// Stage 1: the mean over batch and heads of ‖student − teacher‖_F.
  ///
  /// Both are [batch, heads, length, length].
  public static func orientation(student: Tensor, teacher: Tensor) -> Tensor {
    matrixDistances(student: student, teacher: teacher).mean()
  }

  /// ‖student − teacher‖_F of every matrix [.., length, length]. Matrices that are equal to rounding have no distance and no
  /// gradient: an unsquared distance would turn what was rounded into a gradient as long as any other, and move heads that
  /// have nothing to learn, such as those that keep their attention.
  /// - Parameter columns: factors on columns, such as [.., 1, length].
  static func matrixDistances(student: Tensor, teacher: Tensor, columns: Tensor? = nil) -> Tensor {
    func size(_ matrix: Tensor) -> Tensor { (columns.map { matrix * $0 } ?? matrix).norm(over: -2, -1) }
    let (found, wanted) = (wide(student), wide(teacher).to(student.dtype.wide))
    let distances = size(found - wanted)
    let differ = withoutGradients { distances.detached().greater(size(wanted) * rounding(student.dtype)) }
    return distances * differ.to(distances.dtype)
  }

  /// The share of a matrix that two ways to compute it may differ by.
  private static func rounding(_ dtype: DType) -> Double {
    switch dtype {
    case .float64: 0x1p-46
    case .float32: 0x1p-17
    default: 0x1p-7
    }
  }

  /// Stage 1 without the matrices, where both have factors that allow it, an attention's without window, and L ∘ (C Bᵀ)
  /// + D I, and there is a kernel for them. Gradients flow to the student only.
  public static func orientation(student: MixerMatrix, teacher: MixerMatrix) -> Tensor {
    guard case .semiseparable(let own) = student.factors, case .softmax(let wanted) = teacher.factors,
      Kernel.orientation.takes(own.b)
    else { return orientation(student: student.whole(), teacher: withoutGradients { teacher.whole() }) }
    return .orientationDistance(
      q: wanted.q, k: wanted.k, scale: wanted.scale, b: own.b, c: own.c, logDecay: own.logDecay, skip: own.skip)
  }

  /// Stage 2: the mean over tokens of ‖student − teacher‖₂ over the model dimension; tokens that are equal to rounding have
  /// no distance and no gradient.
  ///
  /// Both are [batch, length, modelDim].
  public static func alignment(student: Tensor, teacher: Tensor) -> Tensor {
    student.meanRowDistance(to: teacher)
  }

  /// The mean of one minus the cosine of the angle between student and teacher, as vectors over the last dimension. Norms
  /// below 1e-8 count as that, so that a vector of zeros has a distance of 1.
  static func cosineDistance(student: Tensor, teacher: Tensor) -> Tensor {
    let (a, b) = (wide(student), wide(teacher))
    let sizes = a.norm(over: -1).clamped(min: 1e-8) * b.norm(over: -1).clamped(min: 1e-8)
    return (-((a * b).sum(over: -1) / sizes) + 1).mean()
  }

  /// Stage 3: the cross-entropy of the student's logits against the teacher's probabilities, summed over positions.
  ///
  /// Both are [.., vocabulary].
  public static func distillationSum(student: Tensor, teacher: Tensor) -> Tensor {
    let target = wide(teacher).softmax(-1)
    return -(target * wide(student).logSoftmax(-1)).sum()
  }

  /// The same with another divergence. The reverse one is KL(student ‖ teacher), and the mixed one is the mean of it and of
  /// the cross-entropy.
  public static func distillationSum(student: Tensor, teacher: Tensor, _ divergence: Divergence) -> Tensor {
    func reverse() -> Tensor {
      let own = wide(student).logSoftmax(-1)
      return (own.exp() * (own - wide(teacher).logSoftmax(-1))).sum()
    }
    switch divergence {
    case .forward: return distillationSum(student: student, teacher: teacher)
    case .reverse: return reverse()
    case .mixed: return (distillationSum(student: student, teacher: teacher) + reverse()) * 0.5
    }
  }

  /// Stage 3 from what was kept of the teacher's probabilities: all ids that are not named are one outcome, whose
  /// probability is the sum of theirs. What is kept is scaled to add up to 1. Where every id is named this is the loss
  /// against all probabilities; elsewhere it is less, and smallest where the student's named probabilities are the
  /// teacher's.
  /// - Parameters:
  ///   - student: logits [rows, vocabulary].
  ///   - target: what was kept of the same rows.
  public static func distillationSum(student: Tensor, target: TopProbabilities) -> Tensor {
    let logits = wide(student)
    let (ids, named) = (target.ids.to(.int64), target.probabilities.to(logits.dtype))
    let namesAll = target.ids.size(1) == logits.size(-1)
    let rest = namesAll ? target.rest.to(logits.dtype) * 0 : target.rest.to(logits.dtype)
    let mass = named.sum(over: -1) + rest
    let known = (named * logits.logSoftmax(-1).gathered(-1, ids)).sum(over: -1)
    if namesAll { return -(known / mass).sum() }
    let others = logits.filled(-1, at: ids, with: -.infinity).logSumExp(over: -1) - logits.logSumExp(over: -1)
    return -((known + rest * others) / mass).sum()
  }

  /// At least fp32.
  static func wide(_ tensor: Tensor) -> Tensor {
    tensor.to(tensor.dtype.wide)
  }
}
