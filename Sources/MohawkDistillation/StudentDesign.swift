import MohawkFiles
import MohawkMixers
import MohawkModels
import MohawkRecipes

extension DecoderConfiguration {
  /// The student of this teacher: the same blocks with another mixer in every layer but those that keep attention, in
  /// the format in which most other tools open it.
  public func student(_ recipe: StudentRecipe) throws -> DecoderConfiguration {
    try student(recipe, start: start(recipe))
  }

  /// Where this teacher's students start by a recipe: what it says, or, where it leaves the choice, the context if the
  /// mixers have a place for this attention.
  public func start(_ recipe: StudentRecipe) -> StudentRecipe.Start {
    guard recipe.start == .automatic else { return recipe.start }
    guard let student = try? student(recipe, start: .context) else { return .paper }
    return ContextStart.objection(teacher: self, student: student) == nil ? .context : .paper
  }

  private func student(_ recipe: StudentRecipe, start: StudentRecipe.Start) throws -> DecoderConfiguration {
    guard isTransformer else {
      throw MohawkError(
        .invalidValue, "the teacher is not a Transformer", remedy: "give a folder with attention in all layers")
    }
    for layer in recipe.attentionLayers where !mixers.indices.contains(layer) {
      throw MohawkError(
        .outOfRange, "student.attentionLayers names layer \(layer); the teacher has layers 0 to \(mixers.count - 1)")
    }
    guard (2...64).contains(recipe.convWidth), (1...65_536).contains(recipe.chunk) else {
      throw MohawkError(
        .outOfRange,
        "\(recipe.convWidth) taps and chunks of \(recipe.chunk) tokens are not what the formats of students know",
        at: "student", remedy: "use a convWidth from 2 to 64 and a chunk of 65536 at most")
    }
    // What keeps all attention is the teacher itself.
    if recipe.keepsMLPs, mixers.indices.allSatisfy(recipe.attentionLayers.contains) { return self }
    var student = self
    let kind = studentMixer(recipe)
    switch kind {
    case .mamba2: student.mamba2 = try mamba2(recipe, start)
    default: student.discreteMamba2 = try discreteMamba2(recipe)
    }
    for index in mixers.indices where !recipe.attentionLayers.contains(index) { student.mixers[index] = kind }
    if !recipe.keepsMLPs {
      student.layout = .mixerOnly
      student.normPlaces = .before
      student.mlp = .none
    }
    student.settleRotary()
    if !student.hasAttention { student.attention = .unused(modelDim: modelDim) }
    // The hybrids' formats have biases in all four projections or in none; one of zeros changes nothing.
    if student.hasAttention, kind == .mamba2, attention.bias { student.attention.outputBias = true }
    student.format = student.studentFormat
    try student.requireWritable()
    return student
  }

  /// The first format that can hold this student.
  private var studentFormat: CheckpointFormat {
    if isTransformer { return format }
    return [.phiMamba, .graniteHybrid, .mamba2].first { objection(in: $0) == nil } ?? .mohawk
  }

  private func studentMixer(_ recipe: StudentRecipe) -> Mixer {
    switch recipe.mixer {
    case .mamba2: return .mamba2
    case .discreteMamba2: return .discreteMamba2
    case .automatic where recipe.window != nil: return .discreteMamba2
    case .automatic:
      let isLlamaLike = layout == .sequential && norm == .rms(epsilon: normEpsilon) && mlp.isGated
      return isLlamaLike || !recipe.keepsMLPs ? .mamba2 : .discreteMamba2
    }
  }

  private func heads(_ recipe: StudentRecipe, width: Int) throws -> (v: Int, qk: Int) {
    let vHeads = recipe.vHeads ?? attention.heads
    let qkHeads = recipe.qkHeads ?? vHeads
    guard vHeads > 0, qkHeads > 0, vHeads.isMultiple(of: qkHeads), width.isMultiple(of: vHeads) else {
      throw MohawkError(
        .invalidValue, "\(vHeads) v heads and \(qkHeads) qk heads do not fit a model of width \(modelDim)",
        at: "student.vHeads", remedy: "the width must be a multiple of vHeads, and vHeads a multiple of qkHeads")
    }
    return (vHeads, qkHeads)
  }

  private func discreteMamba2(_ recipe: StudentRecipe) throws -> DiscreteMamba2Configuration {
    let heads = try heads(recipe, width: modelDim)
    return DiscreteMamba2Configuration(
      modelDim: modelDim, qkHeads: heads.qk, vHeads: heads.v, stateDim: recipe.stateDim ?? attention.headDim,
      convWidth: recipe.convWidth, chunk: recipe.chunk,
      window: try recipe.window.map { try window($0, recipe, heads.v) })
  }

  /// A window with the queries and keys of this teacher's attention.
  private func window(_ tokens: Int, _ recipe: StudentRecipe, _ heads: Int) throws -> WindowConfiguration {
    guard heads == attention.heads else {
      throw MohawkError(
        .mismatch, "a window has a head for each of the teacher's \(attention.heads), the student has \(heads)",
        at: "student.vHeads", remedy: "leave student.vHeads out")
    }
    for feature in [DecoderFeature.normsAcrossHeads, .scoreCap, .mixedRotary] where features.contains(feature) {
      throw MohawkError(
        .unsupported, "a window beside the recurrent part cannot have this teacher's \(feature.rawValue)",
        at: "student.window", remedy: "leave student.window out")
    }
    return WindowConfiguration(tokens: tokens, sinks: recipe.sinks, like: attention)
  }

  private func mamba2(_ recipe: StudentRecipe, _ start: StudentRecipe.Start) throws -> Mamba2Configuration {
    let inner = (recipe.keepsMLPs ? 1 : 2) * modelDim
    let headDim = recipe.headDim ?? (start.looksAtText && recipe.keepsMLPs ? attention.headDim : nil)
    let heads = try heads(recipe, width: headDim.map { $0 * (recipe.vHeads ?? attention.heads) } ?? inner)
    return Mamba2Configuration(
      modelDim: modelDim, heads: heads.v, headDim: headDim ?? inner / heads.v, groups: heads.qk,
      stateDim: recipe.stateDim ?? attention.headDim, convWidth: recipe.convWidth, chunk: recipe.chunk,
      normGroups: heads.qk,
      normEpsilon: normEpsilon)
  }
}
