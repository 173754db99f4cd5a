import MohawkFiles
import MohawkLayers
import MohawkMixers
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
  /// Queries and keys of a window and of heads that keep attention are the attention's from every start, and all of a mixer
  /// that is a window alone.
  /// - Throws: `MohawkError` when the student's state does not fit the heads of the attention.
  public static func run(teacher: Decoder, student: Decoder, start: StudentRecipe.Start) throws -> [Row] {
    try requireOrigins(teacher, student, start)
    return try withoutGradients {
      try student.parameters.all.map { parameter in
        let origin = try source(of: parameter, teacher, student, start)
        if let origin { parameter.value.assign(origin.value) }
        if zeroInitialises(parameter.name, start) { parameter.value.fill(0) }
        return Row(parameter: parameter.name, shape: parameter.value.shape, source: origin?.name)
      }
    }
  }

  /// Whether a start sets a parameter to 0.
  public static func zeroInitialises(_ parameter: String, _ start: StudentRecipe.Start) -> Bool {
    start == .silent && parameter.contains(".mixer.out_proj.")
  }

  /// Refuses a start that a kind of mixer knows nothing of: it would be the paper's without a word.
  private static func requireOrigins(_ teacher: Decoder, _ student: Decoder, _ start: StudentRecipe.Start) throws {
    for (layer, block) in student.blocks.enumerated() where student.configuration.layers[layer].attention == nil {
      let kind = type(of: block.mixer)
      let isKnown =
        switch start {
        case .attention:
          kind.attentionOrigins["out_proj.weight"] != nil
            || kind.attentionOrigins.values.contains { if case .attentionStart = $0 { true } else { false } }
        case .silent: student.parameters.all.contains { $0.name.hasPrefix("layers.\(layer).mixer.out_proj.") }
        default: true
        }
      guard isKnown else {
        throw MohawkError(
          .unsupported, "\(kind.kind) has no start '\(start.rawValue)'", at: "student.start",
          remedy: "set student.start to paper")
      }
      guard let attention = teacher.configuration.layers[layer].attention else { continue }
      if start == .attention, takesQueries(kind), block.mixer.heads != attention.heads {
        throw misfit(attention, "the student has \(block.mixer.heads)")
      }
    }
  }

  /// Whether queries have a place in a kind of mixer, so that its heads must be the attention's.
  private static func takesQueries(_ kind: any CausalMixer.Type) -> Bool {
    kind.attentionOrigins.values.contains {
      if case .attentionStart(let names) = $0 { names.contains("q_proj.weight") } else { false }
    }
  }

  private static func misfit(_ attention: AttentionConfiguration, _ what: String) -> MohawkError {
    MohawkError(
      .mismatch, "start 'attention' needs stateDim \(attention.headDim) and \(attention.heads) heads; \(what)",
      at: "student", remedy: "set student.stateDim to the teacher's head dimension, or student.start to 'paper'")
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
    guard let layer = DecoderConfiguration.mixerLayer(of: parameter.name),
      let shape = teacher.configuration.layers[layer].attention
    else { return nil }
    let own = parameter.name.split(separator: ".").dropFirst(3).joined(separator: ".")
    let attention = "layers.\(layer).attention."
    let mixer = student.blocks[layer].mixer
    switch type(of: mixer).attentionOrigins[own] {
    case nil: return nil
    case .everyStart(let name): return teacher.parameters[attention + name].map { ($0.name, $0.value) }
    case .keptHeads(let name):
      return teacher.parameters[attention + name].map {
        ($0.name, rows(of: mixer.keptHeads, in: $0.value, shape))
      }
    case .attentionStart(let names):
      guard start == .attention else { return nil }
      let all = names.compactMap { teacher.parameters[attention + $0] }
      if all.count < names.count { return nil }  // a teacher without biases
      let rows = Tensor.concatenated(all.map { everyHead($0.value, shape) }, 0)
      guard rows.shape == parameter.value.shape else {
        throw misfit(shape, "the student's \(own) is \(parameter.value.shape), not \(rows.shape)")
      }
      return (all.map(\.name).joined(separator: " | "), rows)
    }
  }

  /// Of the rows of a projection those of some heads of the queries, or of the groups of keys that they share.
  private static func rows(of heads: [Int], in value: Tensor, _ attention: AttentionConfiguration) -> Tensor {
    let inner = Array(value.shape.dropFirst())
    let parts = value.size(0) / attention.headDim
    let wanted = Set(heads.map { $0 * parts / attention.heads }).sorted()
    return value.reshaped([parts, attention.headDim] + inner)
      .indexed(0, Tensor(wanted.map(Int64.init)).to(on: value.device))
      .reshaped([wanted.count * attention.headDim] + inner)
  }

  /// Grouped keys and values repeated for every head of the queries, by head and not by row.
  private static func everyHead(_ rows: Tensor, _ attention: AttentionConfiguration) -> Tensor {
    let wide = attention.width
    guard rows.size(0) == attention.kvWidth, attention.kvWidth != wide else { return rows }
    let shape = [attention.kvHeads, attention.headDim] + rows.shape.dropFirst()
    return rows.reshaped(shape).repeatedEach(attention.heads / attention.kvHeads, 0).reshaped(
      [wide] + rows.shape.dropFirst())
  }
}
