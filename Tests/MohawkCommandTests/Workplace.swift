import Foundation
import MohawkFiles
import MohawkMixers
import MohawkModels
import MohawkRecipes
import MohawkReports
import MohawkTensor
import MohawkText

/// A folder with a text, a teacher made from a seed, and a recipe of eight steps per stage.
final class Workplace: Sendable {
  let folder: TemporaryFolder

  static let text = (0..<30).map { StoryGenerator(seed: 1).story(at: $0) }.joined(separator: "\n\n")

  static let tokenizer: Tokenizer = {
    var trainer = BytePairTrainer()
    trainer.add(text)
    return try! trainer.train(vocabularySize: 300)
  }()

  /// - Parameter isEndless: whether the teacher looks at very many tokens and never ends a text.
  init(isEndless: Bool = false) throws {
    Runtime.threads = 1
    folder = try TemporaryFolder()
    try folder.write("text.txt", Self.text)
    try folder.write("recipe.yaml", Self.recipe)
    try makeTeacher("teacher", seed: 3, isEndless: isEndless)
  }

  /// A folder with a model of layers of attention, fresh from a seed, and the tokenizer.
  func makeTeacher(_ name: String, seed: UInt64, width: Int = 32, layers: Int = 2, isEndless: Bool = false) throws {
    let shape = DecoderConfiguration.phi(
      vocabulary: 320, modelDim: width, mlpDim: 128,
      mixers: Array(
        repeating: AttentionConfiguration(
          modelDim: width, heads: 4, kvHeads: 4, headDim: width / 4, rotaryDim: 4,
          maxLength: isEndless ? 1_000_000 : 64, bias: true),
        count: layers))
    try AtomicFolder.ensure(path(name))
    let model = Decoder.fresh(shape, seed: seed)
    if isEndless, let end = Self.tokenizer.endOfText {
      withoutGradients { model.parameters["lm_head.bias"]!.value.selected(0, Int(end)).fill(-1e3) }
    }
    try model.write(to: path(name))
    try Self.tokenizer.write(to: path(name + "/tokenizer.json"))
  }

  /// A folder with a small Llama and the tokenizer.
  func makeLlama(_ name: String) throws {
    let shape = DecoderConfiguration(
      format: .llama, vocabulary: 320, modelDim: 32, layers: 3, layout: .sequential, norm: .rms(epsilon: 1e-5),
      mlp: .init(width: 64, activation: .silu, isGated: true, bias: false),
      mixer: AttentionConfiguration(
        modelDim: 32, heads: 4, kvHeads: 2, headDim: 8, rotaryDim: 8, maxLength: 64, bias: false))
    try Decoder.fresh(shape, seed: 3).write(to: path(name))
    try Self.tokenizer.write(to: path(name + "/tokenizer.json"))
  }

  static let recipe = """
    threads: 1
    teacher: teacher
    data: {train: [text.txt], sequenceLength: 16, vocabulary: 300}
    model: {layers: 2, modelDim: 32, mlpDim: 128, maxLength: 64}
    student: {stateDim: 8, chunk: 8}
    pretraining: {tokens: 512, batchTokens: 64}
    orientation: {tokens: 512, batchTokens: 64}
    alignment: {tokens: 512, batchTokens: 64, evaluateEvery: 4}
    distillation: {tokens: 512, batchTokens: 64, microBatchTokens: 32}
    checkpoints: {every: 3}
    evaluation: {tokens: 512}
    """

  func path(_ name: String) -> String { folder.path + "/" + name }

  /// Arguments that distil into `run`.
  func distil(_ run: String = "run", _ more: String...) -> [String] {
    ["distill", "-r", "recipe.yaml", "-o", run] + more
  }

  func mohawk(_ arguments: String...) throws -> Command.Result { try Command.run(arguments, in: folder) }

  func bytes(_ name: String) throws -> Data { try Data(contentsOf: URL(fileURLWithPath: path(name))) }

  /// Names in a folder; hidden ones too.
  func names(_ name: String) -> [String] {
    ((try? FileManager.default.contentsOfDirectory(atPath: path(name))) ?? []).sorted()
  }

  /// Lines of the log that tell of steps, without reading them.
  func stepCount(_ run: String) -> Int {
    guard let log = try? bytes(run + "/metrics.jsonl") else { return 0 }
    return log.split(separator: UInt8(ascii: "\n")).count { $0.range(of: Data(#""event":"step""#.utf8)) != nil }
  }

  /// What must be the same, to the last bit, in a run that was killed: all that its steps and evaluations found.
  func numbers(_ run: String) throws -> [String] {
    try MetricsLog.read(path(run) + "/metrics.jsonl").compactMap { event in
      switch event {
      case .step(let record):
        let values = [record.loss, record.learningRate, record.gradientNorm] + (record.perLayer ?? [])
        return "step \(record.step) \(record.tokens) \(values.map(\.bitPattern))"
      case .evaluated(let record):
        return "evaluated \(record.step) \(record.values.map { ($0.name, $0.value.bitPattern) })"
      case .stageStarted(let stage, let step, _, _): return "\(stage) after \(step)"
      case .stageEnded(let stage, let step, _, _): return "\(stage) ended with \(step)"
      case .ended: return "ended"
      case .started, .checkpointed: return nil
      }
    }
  }
}
