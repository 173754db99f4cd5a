import MohawkFiles
import MohawkLayers
import MohawkModels
import MohawkRecipes
import MohawkTensor

/// What the student takes from its teacher before the first stage: norms, MLPs, embedding, head, and the attention of
/// the layers that keep it. Stages 1 and 2 need it so that both models see the same inputs.
public enum WeightTransfer {
  /// One parameter of the student and where its values come from.
  public struct Row: Sendable, Equatable {
    /// The student's name for it.
    public let parameter: String
    /// The size of every dimension.
    public let shape: [Int]
    /// The teacher's parameter; nil when drawn afresh.
    public let source: String?
  }

  /// Copies everything that has the same name and shape in both, and, for `.attention`, the attention's projections
  /// into the mixer's: V to x, K to B, Q to C, O to the output (Wang et al. 2024); the biases of V, K and Q become the
  /// convolution's. For `.silent`, what mixers put out becomes 0.
  /// Queries and keys of a window are the attention's from every start.
  /// - Throws: `MohawkError` when the student's state does not fit the heads of the attention.
  public static func run(teacher: Decoder, student: Decoder, start: StudentRecipe.Start) throws -> [Row] {
    if start == .attention { try requireAttentionFits(teacher, student) }
    return try withoutGradients {
      try student.parameters.all.map { parameter in
        let origin = try source(of: parameter, teacher, student, start)
        if let origin { parameter.value.assign(origin.value) }
        if silences(parameter.name, start) { parameter.value.fill(0) }
        return Row(parameter: parameter.name, shape: parameter.value.shape, source: origin?.name)
      }
    }
  }

  /// Whether a start sets a parameter to 0.
  public static func silences(_ parameter: String, _ start: StudentRecipe.Start) -> Bool {
    start == .silent && parameter.contains(".mixer.out_proj.")
  }

  private static func source(
    of parameter: Parameter, _ teacher: Decoder, _ student: Decoder, _ start: StudentRecipe.Start
  ) throws -> (name: String, value: Tensor)? {
    if let same = teacher.parameters[parameter.name] {
      guard same.value.shape == parameter.value.shape else {
        throw MohawkError(
          .mismatch,
          "\(parameter.name) is \(same.value.shape) in the teacher and \(parameter.value.shape) in the student")
      }
      return (same.name, same.value)
    }
    guard let range = parameter.name.range(of: ".mixer.") else { return nil }
    let attention = parameter.name[..<range.lowerBound] + ".attention."
    if isOfWindow(parameter.name),
      let same = teacher.parameters[attention + String(parameter.name[range.upperBound...])]
    {
      return (same.name, same.value)
    }
    guard start == .attention else { return nil }
    func teachers(_ names: String...) -> (String, Tensor)? {
      let all = names.compactMap { teacher.parameters[attention + $0] }
      if all.count < names.count { return nil }  // a teacher without biases
      let rows = all.map { everyHead($0.value, teacher.configuration) }
      return (all.map(\.name).joined(separator: " | "), .concatenated(rows, 0))
    }
    switch String(parameter.name[range.upperBound...]) {
    case "in_proj.x": return teachers("v_proj.weight")
    case "in_proj.bc": return teachers("k_proj.weight", "q_proj.weight")
    case "conv1d.x.bias": return teachers("v_proj.bias")
    case "conv1d.bc.bias": return teachers("k_proj.bias", "q_proj.bias")
    case "out_proj.weight": return teachers("dense.weight")
    default: return nil
    }
  }

  /// Whether a parameter makes a window's queries or keys.
  private static func isOfWindow(_ parameter: String) -> Bool {
    ["q_proj", "k_proj", "q_norm", "k_norm"].contains { parameter.contains(".mixer.\($0).") }
  }

  /// Grouped keys and values repeated for every head of the queries, by head and not by row.
  private static func everyHead(_ rows: Tensor, _ configuration: DecoderConfiguration) -> Tensor {
    let attention = configuration.attention
    let wide = attention.width
    guard rows.size(0) == attention.kvWidth, attention.kvWidth != wide else { return rows }
    let shape = [attention.kvHeads, attention.headDim] + rows.shape.dropFirst()
    return rows.reshaped(shape).repeatedEach(attention.heads / attention.kvHeads, 0).reshaped(
      [wide] + rows.shape.dropFirst())
  }

  private static func requireAttentionFits(_ teacher: Decoder, _ student: Decoder) throws {
    let attention = teacher.configuration.attention
    let shape: (state: Int, qkHeads: Int, vHeads: Int, width: Int)
    if let mamba = student.configuration.discreteMamba2 {
      shape = (mamba.stateDim, mamba.qkHeads, mamba.vHeads, mamba.modelDim)
    } else if let mamba = student.configuration.mamba2 {
      shape = (mamba.stateDim, mamba.groups, mamba.heads, mamba.innerDim)
    } else {
      return
    }
    guard shape == (attention.headDim, attention.heads, attention.heads, attention.width) else {
      throw MohawkError(
        .mismatch,
        "start 'attention' needs stateDim \(attention.headDim) and \(attention.heads) heads, the student has stateDim \(shape.state), \(shape.qkHeads) qk and \(shape.vHeads) v heads",
        at: "student", remedy: "set student.stateDim to the teacher's head dimension, or student.start to 'paper'")
    }
  }
}
