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
    return ContextStart.unsupportedFeature(teacher: self, student: student) == nil ? .context : .paper
  }

  private func student(_ recipe: StudentRecipe, start: StudentRecipe.Start) throws -> DecoderConfiguration {
    guard isTransformer else {
      throw MohawkError(
        .invalidValue, "the teacher is not a Transformer", remedy: "give a folder with attention in all layers")
    }
    guard let attention = sharedAttention else {
      throw MohawkError(
        .unsupported, "the teacher has attention that differs between layers",
        remedy: "give one whose layers differ in windows and rotary positions only")
    }
    for layer in recipe.attentionLayers where !layers.indices.contains(layer) {
      throw MohawkError(
        .outOfRange, "student.attentionLayers names layer \(layer); the teacher has layers 0 to \(layers.count - 1)")
    }
    guard (2...64).contains(recipe.convWidth), (1...65_536).contains(recipe.chunk) else {
      throw MohawkError(
        .outOfRange,
        "\(recipe.convWidth) taps and chunks of \(recipe.chunk) tokens are not what the formats of students know",
        at: "student", remedy: "use a convWidth from 2 to 64 and a chunk of 65536 at most")
    }
    // What keeps all attention is the teacher itself.
    if recipe.keepsMLPs, layers.indices.allSatisfy(recipe.attentionLayers.contains) { return self }
    var student = self
    let kind = studentMixer(recipe)
    let type = try geometry(of: kind, recipe)
    var request = request(recipe, attention, start)
    let kept = try keptHeads(recipe, attention)
    for layer in layers.indices where !recipe.attentionLayers.contains(layer) {
      request.keptHeads = kept[layer].isEmpty ? nil : KeptHeads(of: attention, heads: kept[layer])
      let geometry = try type.student(request)
      if let unsupportedFeature = geometry.unsupportedFeature {
        throw MohawkError(.invalidValue, unsupportedFeature, at: "student")
      }
      student.layers[layer].mixer = geometry
    }
    if !recipe.keepsMLPs { student.setBlocks(.mixerOnly) }
    // The hybrids' formats have biases in all four projections or in none; one of zeros changes nothing.
    if kind == .mamba2, attention.bias { student.changeAttention { $0.outputBias = true } }
    student.format = student.studentFormat
    try student.requireWritable()
    return student
  }

  /// The first format that can hold this student.
  private var studentFormat: CheckpointFormat {
    if isTransformer { return format }
    return [.phiMamba, .graniteHybrid, .mamba2, .mamba].first { unsupportedFeature(in: $0) == nil } ?? .mohawk
  }

  private func studentMixer(_ recipe: StudentRecipe) -> Mixer {
    guard recipe.mixer == .automatic else { return Mixer(rawValue: recipe.mixer.rawValue) }
    if recipe.window != nil || recipe.keepsHeads { return .discreteMamba2 }
    let isLlamaLike = layout == .sequential && norm == .rms(epsilon: normEpsilon) && sharedMLP?.isGated == true
    return isLlamaLike || !recipe.keepsMLPs ? .mamba2 : .discreteMamba2
  }

  /// What describes a kind of mixer in a student of this teacher.
  private func geometry(of kind: Mixer, _ recipe: StudentRecipe) throws -> any MixerGeometry.Type {
    guard let type = kind.geometry else {
      let known = Mixers.registered.map { $0.kind.rawValue }
      let hint = NearestName.hint(kind.rawValue, among: known)
      throw MohawkError(
        .unsupported, "'\(kind.rawValue)' is no kind of mixer", at: "student.mixer",
        remedy: hint ?? "use auto or one of \(known.joined(separator: ", "))")
    }
    if recipe.window != nil || kind == .slidingWindowAttention {
      let key = kind == .slidingWindowAttention ? "student.mixer" : "student.window"
      for feature in [DecoderFeature.normsAcrossHeads, .scoreCap, .mixedRotary] where features.contains(feature) {
        throw MohawkError(
          .unsupported, "a student's window cannot have this teacher's \(feature.rawValue)",
          at: key, remedy: "leave \(key) out")
      }
    }
    return type
  }

  /// What the mixers of a student are to be like, heads that keep attention aside.
  private func request(
    _ recipe: StudentRecipe, _ attention: AttentionConfiguration, _ start: StudentRecipe.Start
  ) -> StudentMixerRequest {
    var request = StudentMixerRequest(replacing: attention, normEpsilon: normEpsilon)
    (request.keepsMLPs, request.startsFromText) = (recipe.keepsMLPs, start.needsText)
    (request.stateDim, request.headDim) = (recipe.stateDim, recipe.headDim)
    (request.qkHeads, request.vHeads) = (recipe.qkHeads, recipe.vHeads)
    (request.convWidth, request.chunk) = (recipe.convWidth, recipe.chunk)
    (request.window, request.sinks) = (recipe.window, recipe.sinks)
    return request
  }
}
