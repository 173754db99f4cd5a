import Foundation
import MohawkDistillation
import MohawkMixers
import MohawkModels
import MohawkRecipes
import MohawkTensor
import MohawkTraining
import PretendDeviceSupport
import Testing

/// A few steps of training, small enough for seconds, whose losses are kept in a file.
struct LossCurve: Sendable, CustomTestStringConvertible {
  /// What the weights are, and what the layers compute in.
  enum Precision: String, Sendable {
    case float64 = "f64"
    case float32 = "f32"
    case bfloat16 = "bf16"

    /// Digits of a loss that do not depend on the processor's instructions or the number of threads.
    var digits: Int {
      switch self {
      case .float64: 9
      case .float32: 5
      case .bfloat16: 3
      }
    }

    var weights: DType { self == .float64 ? .float64 : .float32 }
    var compute: DType { self == .bfloat16 ? .bfloat16 : weights }
  }

  let name: String
  let precision: Precision
  let stage: @Sendable (Precision) throws -> any TrainingStage

  var testDescription: String { fileName }
  var fileName: String { "\(name)-\(precision.rawValue).txt" }

  /// Steps of each curve.
  static let steps = 4

  /// The loss of every step, and of the layers of the last one where they have losses of their own.
  func losses() throws -> [Double] {
    Runtime.threads = 1
    let recorder = LossRecorder()
    let stage = try stage(precision)
    let loop = TrainingLoop(recipe: Recipe(), stages: [stage], store: nil, listeners: [recorder]) { _, step in
      TrainingBatch(RandomGenerator(seed: 70 + UInt64(step)).integers(0..<40, [3, 12]).to(on: TestDevice.current))
    }
    try loop.run()
    return recorder.losses
  }

  /// The lines of its file: a step, counted from 1, and its loss.
  func lines() throws -> [String] {
    try losses().enumerated().map { "\($0 + 1) " + String(format: "%.\(precision.digits)g", $1) }
  }
}

private final class LossRecorder: TrainingListener {
  var losses: [Double] = []

  func receive(_ event: TrainingEvent) {
    if case .step(let record) = event { losses.append(record.loss) }
  }
}

extension LossCurve {
  /// Where the files are.
  static let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent().path + "/Curves"

  static var all: [LossCurve] { pretraining + stages }

  /// Whether stages of whole models compute their layers again in the backward pass.
  @TaskLocal static var recomputes = false

  private static func plan(_ trains: TrainedPart) -> StageRecipe {
    var plan = TinyPair.plan(trains, steps: steps)
    plan.activationCheckpointing = recomputes && trains == .all
    return plan
  }

  /// Every layout of a block, and every mixer, learning from nothing.
  private static var pretraining: [LossCurve] {
    models.flatMap { name, shape, precisions in
      precisions.map { precision in
        LossCurve(name: "pretraining-\(name)", precision: precision) { precision in
          try Pretraining(
            Decoder.fresh(
              shape, seed: 3, dtype: precision.weights, compute: precision.compute, on: TestDevice.current), plan(.all))
        }
      }
    }
  }

  private static var models: [(String, DecoderConfiguration, [Precision])] {
    var learned = TinyPair.shape(layers: 2)
    (learned.format, learned.learnedPositions, learned.headBias, learned.tiesHead) = (.gpt2, 32, false, true)
    learned.setBlocks(.sequential)
    learned.changeAttention { $0.rotaryDim = 0 }
    var windowed = TinyPair.llama(bias: true)
    windowed.layers.removeLast()
    windowed.changeAttention { $0.headNormEpsilon = 1e-6 }
    windowed.changeAttention(where: { $0 == 0 }) { $0.window = 5 }
    var twoNorms = TinyPair.shape(layers: 2)
    twoNorms.setBlocks(.parallelNorms)
    twoNorms.changeMLPs { $0.activation = .gelu }
    return [
      ("phi", TinyPair.shape(layers: 2), [.float64, .float32, .bfloat16]), ("llama", TinyPair.llama(), [.float64]),
      ("learned-positions", learned, [.float64]), ("sliding-window", windowed, [.float64]),
      ("parallel-norms", twoNorms, [.float64]), ("mamba", pure(mamba), [.float64, .float32]),
      ("mamba-2", pure(mamba2), [.float64]), ("hybrid", hybrid, [.float64]),
    ]
  }

  private static let mamba = MambaConfiguration(modelDim: 24, stateDim: 5, block: 8)
  private static let mamba2 = Mamba2Configuration(
    modelDim: 24, heads: 4, headDim: 12, groups: 2, stateDim: 6, chunk: 8)

  /// Mixers without MLPs.
  private static func pure(_ mixer: any MixerGeometry) -> DecoderConfiguration {
    var shape = TinyPair.llama()
    shape.layers = Array(repeating: DecoderLayer(mixer, mlp: nil, layout: .mixerOnly), count: 2)
    return shape
  }

  private static var hybrid: DecoderConfiguration {
    var shape = TinyPair.shape()
    let attention = shape.layers[0].attention!
    shape.layers[0].mixer = DiscreteMamba2Configuration(
      modelDim: 24, qkHeads: 2, vHeads: 4, stateDim: 6, chunk: 8,
      window: WindowConfiguration(tokens: 4, sinks: 2, like: attention))
    shape.layers[2].mixer = mamba2
    return shape
  }

  /// The three stages for every mixer of a student.
  private static var stages: [LossCurve] {
    students.flatMap { name, teacher, precisions, change in
      precisions.flatMap { precision -> [LossCurve] in
        func curve(_ stage: String, _ make: @escaping @Sendable (DistillationPair) throws -> any TrainingStage)
          -> LossCurve
        {
          LossCurve(name: "\(stage)-\(name)", precision: precision) { precision in
            try make(pair(teacher, precision, change))
          }
        }
        return [
          curve("orientation") { try LayerStage.orientation($0, plan(.matrix)) },
          curve("alignment") { try LayerStage.alignment($0, plan(.mixer), seed: 1) },
          curve("distillation") { try KnowledgeDistillation($0, plan(.all), seed: 1) },
        ]
      }
    }
  }

  /// Those of whole models.
  static var whole: [LossCurve] { all.filter { $0.name.hasPrefix("pretraining") || $0.name.hasPrefix("distillation") } }

  private typealias Change = @Sendable (inout StudentRecipe) -> Void

  private static var students: [(String, DecoderConfiguration, [Precision], Change)] {
    [
      ("discrete-mamba-2", TinyPair.shape(), [.float64, .float32, .bfloat16], { $0.start = .paper }),
      (
        "window", TinyPair.shape(kvHeads: 2), [.float64],
        { ($0.window, $0.sinks, $0.start, $0.attentionLayers) = (4, 2, .attention, [1]) }
      ),
      (
        "kept-heads", TinyPair.llama(bias: true), [.float64],
        {
          ($0.window, $0.sinks, $0.start) = (4, 2, .attention)
          $0.attentionHeads = [.init(layer: 0, head: 1), .init(layer: 2, head: 0), .init(layer: 2, head: 3)]
        }
      ),
      ("mamba-2", TinyPair.llama(), [.float64, .float32], { $0.start = .paper }),
      (
        "gated-deltanet", TinyPair.llama(), [.float64, .float32],
        { ($0.mixer, $0.attentionLayers) = (.init(rawValue: "gated-deltanet"), [2]) }
      ),
      ("kimi-delta", TinyPair.llama(), [.float64], { $0.mixer = .init(rawValue: "kimi-delta") }),
      (
        "gated-linear-attention", TinyPair.llama(), [.float64], { $0.mixer = .init(rawValue: "gated-linear-attention") }
      ),
      ("semiseparable", TinyPair.llama(), [.float64], { $0.mixer = .init(rawValue: "semiseparable") }),
      ("hedgehog", TinyPair.llama(), [.float64], { $0.mixer = .init(rawValue: "hedgehog") }),
      (
        "sliding-window-attention", TinyPair.llama(bias: true), [.float64],
        { ($0.mixer, $0.window, $0.sinks) = (.slidingWindowAttention, 4, 2) }
      ),
      ("toeplitz", TinyPair.llama(), [.float64], { $0.mixer = .init(rawValue: "toeplitz") }),
      (
        "monarch", TinyPair.llama(), [.float64],
        { ($0.mixer, $0.stateDim) = (.init(rawValue: "monarch"), 8) }
      ),
      ("mamba", TinyPair.llama(), [.float64], { ($0.mixer, $0.start) = (.init(rawValue: "mamba"), .attention) }),
      ("mamba-2-hybrid", TinyPair.llama(bias: true), [.float64], { $0.attentionLayers = [1] }),
    ]
  }

  private static func pair(
    _ teacher: DecoderConfiguration, _ precision: Precision, _ change: Change
  ) throws -> DistillationPair {
    let tiny = try TinyPair(dtype: precision.weights, compute: precision.compute, of: teacher, change)
    return tiny.pair
  }
}
