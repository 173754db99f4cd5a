import MohawkMixers
import MohawkRecipes
import MohawkTensor

/// How far a student's layer is from its teacher's, as a recipe's stage measures it.
public struct LayerLoss: Sendable, Equatable {
  /// The norm of the difference, its square, or one minus the cosine.
  public var distance = LayerDistance.norm
  /// Whether it is divided by the same measure of the teacher alone, so that nothing at all has a loss of 1.
  public var relative = false
  /// Which columns of a matrix count.
  public var columns = MatrixColumns.equal

  /// The paper's.
  public init() {}

  /// What a recipe says.
  public init(_ loss: LossRecipe) {
    (distance, relative, columns) = (loss.distance, loss.relative, loss.columns)
  }

  /// Of outputs or streams, [batch, length, modelDim]: the mean over tokens of ‖student − teacher‖, its square, or 1 − their
  /// cosine. Relative: over the same mean of the teacher's, so that tokens keep their weight among each other.
  public func outputs(student: Tensor, teacher: Tensor) -> Tensor {
    let loss: Tensor
    switch distance {
    case .norm: loss = StageLosses.alignment(student: student, teacher: teacher)
    case .squared: loss = (StageLosses.wide(student) - StageLosses.wide(teacher)).square().sum(over: -1).mean()
    case .cosine: loss = StageLosses.cosineDistance(student: student, teacher: teacher)
    }
    guard relative else { return loss }
    return loss / size { StageLosses.wide(teacher).square().sum(over: -1) }
  }

  /// Of mixing matrices [batch, heads, length, length]: the mean over batch and heads of ‖student − teacher‖_F, its
  /// square, or 1 − their cosine as vectors. Relative: over the same mean of the teacher's.
  /// - Parameters:
  ///   - student: the student's.
  ///   - teacher: the teacher's.
  ///   - lengths: of the values that the columns multiply, [batch, heads, 1, length]; needed where they count.
  public func matrices(student: MixerMatrix, teacher: MixerMatrix, lengths: Tensor? = nil) -> Tensor {
    precondition(columns == .equal || lengths != nil, "columns count by lengths that are not given")
    if self == LayerLoss() { return StageLosses.orientation(student: student, teacher: teacher) }
    let wanted = withoutGradients { StageLosses.wide(teacher.whole()) }
    let weights = columns == .values ? lengths.map(StageLosses.wide) : nil
    func weighed(_ matrix: Tensor) -> Tensor { weights.map { matrix * $0 } ?? matrix }
    func flat(_ matrix: Tensor) -> Tensor { matrix.reshaped(matrix.size(0), matrix.size(1), -1) }
    lazy var found = StageLosses.wide(student.whole())
    let loss: Tensor
    switch distance {
    case .norm: loss = StageLosses.matrixDistances(student: student.whole(), teacher: wanted, columns: weights).mean()
    case .squared: loss = weighed(found - wanted).square().sum(over: -2, -1).mean()
    case .cosine: loss = StageLosses.cosineDistance(student: flat(weighed(found)), teacher: flat(weighed(wanted)))
    }
    guard relative else { return loss }
    return loss / size { weighed(wanted).square().sum(over: -2, -1) }
  }

  /// The teacher's own measure from its sums of squares; above 0.
  private func size(_ squares: () -> Tensor) -> Double {
    let size = withoutGradients { (distance == .norm ? squares().sqrt() : squares()).mean().item() }
    return max(size, 1e-30)
  }
}
