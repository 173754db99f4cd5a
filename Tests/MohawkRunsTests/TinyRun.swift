import Foundation
import MohawkFiles
import MohawkMixers
import MohawkModels
import MohawkRecipes
import MohawkRuns
import MohawkTensor
import MohawkText

/// A place for runs of a three-layer model of width 32, with a text of stories and a teacher made from a seed.
final class TinyRun {
  let place: TemporaryFolder
  var notices: [String] = []
  let recorder = Recorder()
  /// Stops the run after this many steps of this start.
  var stopAfter: Int?
  /// The stage that begins again.
  var from: StageName?
  /// The only layers that are trained.
  var part: LayerPart?

  init() throws {
    Runtime.threads = 1
    place = try TemporaryFolder()
    try place.write("text.txt", Self.text)
  }

  static let text = (0..<30).map { StoryGenerator(seed: 1).story(at: $0) }.joined(separator: "\n\n")

  static let tokenizer: Tokenizer = {
    var trainer = BytePairTrainer()
    trainer.add(text)
    return try! trainer.train(vocabularySize: 300)
  }()

  func path(_ name: String) -> String { place.path + "/" + name }

  /// Makes a teacher's folder.
  func teacher(_ name: String = "teacher", vocabulary: Int = 320, maxLength: Int = 64) throws -> String {
    let shape = DecoderConfiguration.phi(
      vocabulary: vocabulary, modelDim: 32, mlpDim: 128,
      mixers: Array(
        repeating: AttentionConfiguration(
          modelDim: 32, heads: 4, kvHeads: 4, headDim: 8, rotaryDim: 4, maxLength: maxLength, bias: true),
        count: 3))
    try AtomicFolder.ensure(path(name))
    try Decoder.fresh(shape, seed: 3).write(to: path(name))
    try Self.tokenizer.write(to: path(name) + "/tokenizer.json")
    return path(name)
  }

  /// Makes the folder of a teacher with the blocks of Llama, and the files that such folders have.
  func llama(_ name: String = "llama") throws -> String {
    let shape = DecoderConfiguration(
      format: .llama, vocabulary: 320, modelDim: 32, layers: 3, layout: .sequential, norm: .rms(epsilon: 1e-5),
      mlp: .init(width: 64, activation: .silu, isGated: true, bias: false),
      mixer: AttentionConfiguration(
        modelDim: 32, heads: 4, kvHeads: 2, headDim: 8, rotaryDim: 8, maxLength: 64, bias: false))
    try Decoder.fresh(shape, seed: 3).write(to: path(name))
    try Self.tokenizer.write(to: path(name) + "/tokenizer.json")
    try place.write(name + "/tokenizer_config.json", #"{"model_max_length": 64}"#)
    return path(name)
  }

  /// A recipe of four steps per stage.
  func recipe(_ change: (inout Recipe) -> Void = { _ in }) -> Recipe {
    var recipe = Recipe()
    recipe.threads = 1
    recipe.data.train = [path("text.txt")]
    recipe.data.vocabulary = 300
    recipe.data.sequenceLength = 16
    recipe.model.layers = 3
    recipe.model.modelDim = 32
    recipe.model.mlpDim = 128
    recipe.model.maxLength = 64
    recipe.student.stateDim = 8
    recipe.student.chunk = 8
    for stage in StageName.allCases {
      recipe[stage].tokens = 4 * 64
      recipe[stage].batchTokens = 64
    }
    recipe.checkpoints.every = 3
    recipe.evaluation.tokens = 512
    change(&recipe)
    return recipe
  }

  private var settings: RunSettings {
    var settings = RunSettings()
    settings.notice = { [unowned self] in notices.append($0) }
    settings.listeners = [recorder]
    settings.from = from
    settings.part = part
    let first = recorder.steps.count
    settings.shouldStop = { [unowned self] in stopAfter.map { recorder.steps.count - first >= $0 } ?? false }
    return settings
  }

  @discardableResult func pretrain(_ recipe: Recipe, _ folder: String = "run") throws -> RunFolder {
    let run = PretrainingRun(recipe, folder: path(folder), settings)
    try run.run()
    return run.folder
  }

  @discardableResult func distil(_ recipe: Recipe, _ folder: String = "run") throws -> RunFolder {
    let run = DistillationRun(recipe, folder: path(folder), settings)
    run.decodeContexts = [8]
    try run.run()
    return run.folder
  }

  /// Everything in a folder, hidden files too.
  func names(_ folder: String) -> Set<String> {
    Set((try? FileManager.default.contentsOfDirectory(atPath: path(folder))) ?? [])
  }

  func bytes(_ file: String) throws -> Data { try Data(contentsOf: URL(fileURLWithPath: path(file))) }
}

/// Keeps every event.
final class Recorder: TrainingListener {
  var events: [TrainingEvent] = []
  func receive(_ event: TrainingEvent) { events.append(event) }
  var steps: [StepRecord] { events.compactMap { if case .step(let record) = $0 { record } else { nil } } }
  var stages: [StageName] { events.compactMap { if case .stageStarted(let name, _, _, _) = $0 { name } else { nil } } }
}

extension StepRecord {
  /// What must not depend on interruptions.
  var numbers: [Double] { [Double(step), Double(tokens), loss, learningRate, gradientNorm] + (perLayer ?? []) }
}
