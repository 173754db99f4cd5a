import Foundation
import MohawkFiles
import MohawkModels
import MohawkRecipes
import MohawkReports
import MohawkTensor
import MohawkTraining

/// Joins runs of some layers each into a run that goes on as if one process had trained all layers.
public struct RunMerge {
  /// One of the runs.
  struct Part {
    let folder: RunFolder
    let file: LayerPartFile
    let recipe: Recipe
    let sources: RunSources
    let checkpoint: Checkpoint
    /// Nobody else writes in the folder as long as this is held.
    let lock: RunLock

    var name: String { "layers \(LayerPart(layers: file.layers))" }
  }

  let parts: [Part]
  /// The part that trained each layer.
  private let owners: [Int: Part]
  private var first: Part { parts[0] }

  /// Opens the runs and checks that together they are one.
  /// - Parameter folders: of the runs, in any order.
  /// - Throws: `MohawkError` that names what is missing, trained twice, unfinished, or another than in the first run.
  public init(_ folders: [String]) throws {
    guard let place = folders.first else {
      throw MohawkError(.invalidValue, "there is no run to join", remedy: "name the folders of all parts")
    }
    let names = folders.map { URL(fileURLWithPath: $0).resolvingSymlinksInPath().standardizedFileURL.path }
    if let twice = names.indices.first(where: { names[..<$0].contains(names[$0]) }) {
      throw MohawkError(.invalidValue, "this run is named twice", at: folders[twice], remedy: "name each part once")
    }
    parts = try folders.map(Self.open)
    for part in parts.dropFirst() { try Self.requireSame(part, parts[0]) }
    var owners: [Int: Part] = [:]
    for part in parts {
      for layer in part.file.layers where part.file.compared.contains(layer) {
        if let other = owners[layer] {
          throw MohawkError(
            .mismatch, "layer \(layer) was trained here and in \(other.folder.path)", at: part.folder.path,
            remedy: "name parts that have no layer in common")
        }
        owners[layer] = part
      }
    }
    let missing = parts[0].file.compared.filter { owners[$0] == nil }
    guard missing.isEmpty else {
      throw MohawkError(
        .mismatch, "none of these runs has trained layers \(LayerPart(layers: missing))", at: place,
        remedy: "train them with --layers \(LayerPart(layers: missing)), and name that run too")
    }
    self.owners = owners
  }

  private static func open(_ path: String) throws -> Part {
    let folder = RunFolder(path)
    guard let file = try LayerPartFile(in: folder) else {
      throw MohawkError(
        .missingFile, folder.has(path) ? "this is no run of some layers" : "there is no such folder", at: path,
        remedy: "name folders that mohawk distill --layers has written")
    }
    let lock = try RunLock(folder: path)
    let recipe = try RecipeLoader.load(folder.recipe)
    guard let sources = try RunSources(in: folder.data) else {
      throw MohawkError(
        .missingFile, "what this run has learnt from is not told", at: "\(folder.data)/\(RunSources.fileName)",
        remedy: "train these layers again")
    }
    let (newest, skipped) = try CheckpointStore(folder: path).newest()
    if let damaged = skipped.first { throw damaged.reason }
    let stages = recipe.layerStages
    guard let newest, newest.state.stageEnded, newest.state.stageIndex == stages.count - 1 else {
      let place =
        newest.map { "step \($0.state.stageStep) of \(recipe[$0.state.stage].steps) of \($0.state.stage.rawValue)" }
        ?? "the beginning"
      throw MohawkError(
        .mismatch, "this run stands at \(place), not at the end of \(stages.last?.rawValue ?? "its stages")", at: path,
        remedy: "continue it with --layers \(LayerPart(layers: file.layers))")
    }
    return Part(folder: folder, file: file, recipe: recipe, sources: sources, checkpoint: newest, lock: lock)
  }

  /// Refuses two parts that are not of one run.
  private static func requireSame(_ part: Part, _ first: Part) throws {
    func refuse(_ what: String, at place: String? = nil) -> MohawkError {
      MohawkError(
        .mismatch, "\(what) than in \(first.folder.path)", at: place ?? part.folder.path,
        remedy: "train both with one recipe, teacher and text")
    }
    if let theirs = first.sources.teacher, let mine = part.sources.teacher, theirs != mine {
      throw refuse("this run had another teacher")
    }
    if first.sources.tokenizer != part.sources.tokenizer { throw refuse("this run had another tokenizer") }
    func contents(_ sources: RunSources) -> [[FileDigest]] {
      [sources.train.map(\.digest), sources.validation.map(\.digest)]
    }
    if contents(first.sources) != contents(part.sources) { throw refuse("this run had another text") }
    let change = part.recipe.change(from: first.recipe)
    // Where teacher and text lie is not what they are.
    let places = ["teacher", "data.train", "data.validation", "data.tokenizer", "signals"]
    var (mine, theirs) = (part.recipe, first.recipe)
    (mine.teacher, mine.data.train, mine.data.validation) = (theirs.teacher, theirs.data.train, theirs.data.validation)
    (mine.data.tokenizer, mine.signals) = (theirs.data.tokenizer, theirs.signals)
    theirs.name = mine.name
    guard !mine.change(from: theirs).decides else {
      let list = change.differences.filter { text in !places.contains { text.hasPrefix($0 + " is ") } }
      throw refuse("this run has another recipe (\(list.joined(separator: "; ")))")
    }
    guard part.file.compared == first.file.compared else {
      throw refuse("this student keeps attention in other layers")
    }
    guard part.checkpoint.state.step == first.checkpoint.state.step else {
      throw refuse("this run has made another number of steps")
    }
  }

  /// Writes the joined run.
  /// - Parameter path: a folder that is not there, or empty.
  /// - Throws: `MohawkError`; nothing is written then.
  public func write(to path: String) throws {
    let there = (try? FileManager.default.contentsOfDirectory(atPath: path)) ?? []
    guard there.isEmpty else {
      throw MohawkError(.alreadyInUse, "this folder is not empty", at: path, remedy: "choose another folder")
    }
    let model = try joinedModel()
    try AtomicFolder.ensure(URL(fileURLWithPath: path).deletingLastPathComponent().path)
    try AtomicFolder.create(path) { partial in
      let folder = RunFolder(partial)
      try AtomicFile.write(first.recipe.yaml, to: folder.recipe)
      try copyData(to: folder)
      try writeMetrics(to: folder)
      try writeMatrices(to: folder)
      let generators = try first.checkpoint.generators()
      try CheckpointStore(folder: partial, keep: first.recipe.checkpoints.keep).save(
        state, recipe: first.recipe.yaml, model: model, optimizer: [],
        generators: try generators.names.map { ($0, try generators.tensor($0)) })
    }
  }

  /// What the joined run had at the end of its layer stages.
  private var state: CheckpointState {
    var state = first.checkpoint.state
    var units: [String: Double] = [:]
    for part in parts {
      for (name, unit) in part.checkpoint.state.units ?? [:] where owner(of: name)?.lock ?? part.lock === part.lock {
        units[name] = unit
      }
    }
    state.units = units
    state.stageSeconds = parts.map(\.checkpoint.state.stageSeconds).max() ?? 0
    state.recentLosses = Self.sums(parts.map(\.checkpoint.state.recentLosses))
    return state
  }

  static func sums(_ lists: [[Double]]) -> [Double] {
    let count = lists.map(\.count).min() ?? 0
    return (0..<count).map { index in lists.reduce(0) { $0 + $1[$1.count - count + index] } }
  }

  /// The part whose values of a parameter count; nil where all must have the same.
  private func owner(of parameter: String) -> Part? {
    let name = parameter.hasPrefix("best.") ? String(parameter.dropFirst("best.".count)) : parameter
    return DecoderConfiguration.mixerLayer(of: name).flatMap { owners[$0] }
  }

  /// Every parameter from the part that has trained it.
  private func joinedModel() throws -> [(name: String, tensor: Tensor)] {
    let files = try parts.map { try $0.checkpoint.model() }
    // Best weights are kept by their owners alone.
    let names = files.reduce(into: [String]()) { all, file in
      let known = Set(all)
      all += file.names.filter { !known.contains($0) }
    }
    return try names.map { name in
      if name == "best.errors" { return (name, try joinedErrors(files)) }
      if let owner = owner(of: name), let index = parts.firstIndex(where: { $0.lock === owner.lock }) {
        return (name, try files[index].tensor(name))
      }
      let tensor = try files[0].tensor(name)
      for (part, file) in zip(parts, files).dropFirst() where try !file.tensor(name).hasSameBytes(as: tensor) {
        throw MohawkError(
          .mismatch, "\(name), which no stage has trained, is another than in \(first.folder.path)",
          at: part.folder.path, remedy: "train both parts with one version of mohawk on machines of one kind")
      }
      return (name, tensor)
    }
  }

  private func joinedErrors(_ files: [SafetensorsFile]) throws -> Tensor {
    let all = try files.map { try $0.tensor("best.errors").doubles() }
    return Tensor(
      all[0].indices.map { layer in
        parts.firstIndex { owners[layer]?.lock === $0.lock }.map { all[$0][layer] } ?? all[0][layer]
      })
  }

  /// The encoded text; a link leads to what it means.
  private func copyData(to folder: RunFolder) throws {
    let source = URL(fileURLWithPath: first.folder.data).resolvingSymlinksInPath().path
    do {
      try FileManager.default.copyItem(atPath: source, toPath: folder.data)
    } catch {
      throw MohawkError(
        .notWritable, "the encoded text cannot be copied: \(error.localizedDescription)", at: source,
        remedy: "check the disk")
    }
  }
}

extension Tensor {
  /// Whether both have the same type, shape and bits.
  fileprivate func hasSameBytes(as other: Tensor) -> Bool {
    guard dtype == other.dtype, shape == other.shape else { return false }
    return withBytes { mine in other.withBytes { mine.elementsEqual($0) } }
  }
}
