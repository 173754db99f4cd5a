import MohawkFiles
import MohawkRecipes
import MohawkTensor

/// What a teacher has said once, kept in a folder, for students to learn from without it.
public final class TeacherSignals {
  /// Where they are.
  public let folder: String
  /// Whose they are, and what is kept.
  public let manifest: SignalManifest
  private var shards: [SignalManifest.Part: [SignalShard]] = [:]
  private var places: [SignalManifest.Part: [UInt64: (shard: Int, row: Int)]] = [:]

  /// Opens the manifest of a folder; shards are opened by `open`.
  public init(_ folder: String) throws {
    self.folder = folder
    manifest = try SignalManifest(folder: folder)
  }

  /// The part that a stage with a loss learns from, when it is kept here.
  public func part(for loss: LossRecipe) -> SignalManifest.Part? {
    switch SignalManifest.Part(for: loss) {
    case .inputs: manifest.layers == nil ? nil : .inputs
    case .top: manifest.top == nil ? nil : .top
    case nil: nil
    }
  }

  /// Refuses signals of another teacher, tokenizer or length.
  public func requireSource(_ source: SignalManifest.Source) throws {
    try manifest.requireSource(source, at: folder)
  }

  /// Refuses inputs of layers that a student cannot learn from.
  /// - Parameters:
  ///   - layers: those that it compares.
  ///   - precision: the type that it computes in.
  public func requireInputs(of layers: [Int], precision: Precision) throws {
    if let missing = layers.first(where: { !(manifest.layers ?? []).contains($0) }) {
      throw MohawkError(
        .mismatch, "these signals have no inputs of layer \(missing)", at: folder,
        remedy: "write them with the attention layers of this recipe, or with none")
    }
    if manifest.source.precision != precision {
      throw MohawkError(
        .mismatch,
        "these layer inputs were computed in \(manifest.source.precision.rawValue), and the run computes in \(precision.rawValue)",
        at: folder, remedy: "set precision to \(manifest.source.precision.rawValue), or write them again")
    }
  }

  /// Maps the shards of a part and reads all of their bytes, to see that they are what was written.
  /// - Throws: `MohawkError` naming the first shard that is missing or damaged.
  public func open(_ part: SignalManifest.Part) throws {
    guard shards[part] == nil else { return }
    let opened = try manifest.shards.filter { $0.part == part }.map { try SignalShard($0, in: folder, verifying: true) }
    var found: [UInt64: (shard: Int, row: Int)] = [:]
    for (index, shard) in opened.enumerated() {
      for (row, key) in try shard.keys().enumerated() { found[key] = (index, row) }
    }
    shards[part] = opened
    places[part] = found
  }

  /// Whether a part of a sequence is kept. The part must be open.
  public func has(_ part: SignalManifest.Part, _ ids: some Collection<Int32>) -> Bool {
    guard let places = places[part] else { preconditionFailure("signals were not opened") }
    return places[SignalSequences.key(ids)] != nil
  }

  /// The teacher's kept probabilities at every position of tokens [rows, length + 1], row after row.
  public func top(_ tokens: Tensor) throws -> TopProbabilities {
    let found = try places(.top, tokens)
    let count = manifest.top ?? 0
    func all(_ name: String) throws -> Tensor {
      .concatenated(try found.map { try $0.shard.row(name, $0.row) }, 0)
    }
    return try withoutGradients {
      TopProbabilities(
        ids: SignalSequences.unpacked(try all(SignalShard.Name.ids)).reshaped(-1, count).to(on: tokens.device),
        probabilities: try all(SignalShard.Name.probabilities).reshaped(-1, count).to(.float32, on: tokens.device),
        rest: try all(SignalShard.Name.rest).reshaped(-1).to(on: tokens.device))
    }
  }

  /// What enters the kept layers for tokens [rows, length + 1], by layer: [rows, length, modelDim].
  /// - Parameters:
  ///   - tokens: the sequences.
  ///   - layer: the layer.
  ///   - dtype: the type of the teacher's stream.
  func input(_ tokens: Tensor, _ layer: Int, _ dtype: DType) throws -> Tensor {
    let found = try places(.inputs, tokens)
    return try withoutGradients {
      let rows = try found.map { try $0.shard.row(SignalShard.Name.layer(layer), $0.row) }
      return Tensor.concatenated(rows, 0).to(dtype, on: tokens.device)
    }
  }

  private func places(_ part: SignalManifest.Part, _ tokens: Tensor) throws -> [(shard: SignalShard, row: Int)] {
    guard let shards = shards[part], let places = places[part] else {
      preconditionFailure("signals were not opened")
    }
    return try SignalSequences.rows(tokens).map { ids in
      guard let place = places[SignalSequences.key(ids)] else {
        throw MohawkError(
          .mismatch, "a sequence of the run is not among these signals", at: folder,
          remedy: "give mohawk signals the recipe of the run, which writes what is missing")
      }
      return (shards[place.shard], place.row)
    }
  }
}

extension SignalManifest.Part {
  /// What stands in for the teacher in a stage with a loss; nil where only the teacher itself will do.
  public init?(for loss: LossRecipe) {
    switch loss.compares {
    case .matrix, .output, .block: self = .inputs
    case .logits: self = .top
    case .hidden: return nil
    }
  }
}
