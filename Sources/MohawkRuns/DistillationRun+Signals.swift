import MohawkDistillation
import MohawkFiles
import MohawkModels
import MohawkRecipes
import MohawkText

extension DistillationRun {
  /// The recipe's signals, once they are known to be of this teacher, tokenizer and length, and undamaged; nil when it
  /// names none.
  /// - Parameters:
  ///   - teacher: the teacher.
  ///   - digest: its `TeacherDigest`.
  ///   - tokenizer: of the text.
  func signals(of teacher: Decoder, _ digest: String, _ tokenizer: Tokenizer) throws -> TeacherSignals? {
    guard let path = recipe.signals else { return nil }
    let signals = try TeacherSignals(path)
    try signals.requireSource(.init(teacher, digest, tokenizer, recipe))
    let served = recipe.stages.filter { signals.part(for: recipe[$0].loss) != nil }
    guard !served.isEmpty else {
      throw MohawkError(
        .mismatch, "these signals hold nothing that a stage of the run learns from", at: path,
        remedy: "stage 3 needs a top of probabilities, stages 1 and 2 need --layer-inputs of mohawk signals")
    }
    if served.contains(where: { signals.part(for: recipe[$0].loss) == .inputs }) {
      let layers = teacher.configuration.layers.indices.filter { !recipe.student.attentionLayers.contains($0) }
      try signals.requireInputs(of: layers, precision: recipe.precision)
    }
    let names = served.map(\.rawValue).joined(separator: " and ")
    settings.notice("\(path) stands in for the teacher in \(names); its shards are being checked")
    for stage in served { try signals.open(signals.part(for: recipe[stage].loss)!) }
    return signals
  }

  /// Refuses signals that lack a sequence of the run, before it trains.
  func requireAll(_ signals: TeacherSignals?, of data: RunData) throws {
    guard let signals else { return }
    for stage in recipe.stages {
      guard let part = signals.part(for: recipe[stage].loss) else { continue }
      let sequences = data.sequences(recipe.samples(of: stage))
      let missing = sequences.count { !signals.has(part, data.ids(sample: $0)) }
      guard missing > 0 else { continue }
      let seed = signals.manifest.seed == recipe.seed ? "" : ", which were made for seed \(signals.manifest.seed)"
      throw MohawkError(
        .mismatch,
        "of the \(sequences.count) sequences of stage \(stage.rawValue), \(missing) are not among these signals\(seed)",
        at: signals.folder,
        remedy: "check data, seed and tokens, or give mohawk signals this recipe, which writes what is missing")
    }
  }
}

extension SignalManifest.Source {
  /// - Parameters:
  ///   - teacher: the teacher.
  ///   - digest: its `TeacherDigest`.
  ///   - tokenizer: of the text.
  ///   - recipe: what else decides what the teacher says.
  init(_ teacher: Decoder, _ digest: String, _ tokenizer: Tokenizer, _ recipe: Recipe) {
    self.init(
      teacher: digest, tokenizer: tokenizer.fingerprint,
      vocabulary: teacher.vocabulary, modelDim: teacher.modelDim, sequenceLength: recipe.data.sequenceLength,
      precision: recipe.precision)
  }
}

extension RunData {
  /// Samples that stand for all different sequences of a range: the first of each, in order.
  func sequences(_ samples: Range<Int>) -> [Int] {
    var seen = Set<Int>()
    return samples.filter { seen.insert(training.window(ofSample: $0)).inserted }
  }

  /// The ids of a sequence that a model reads.
  func ids(sample: Int) -> ArraySlice<Int32> { training.batch(samples: sample..<sample + 1).dropLast() }
}
