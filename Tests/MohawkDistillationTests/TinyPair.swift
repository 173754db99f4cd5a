import MohawkDistillation
import MohawkLayers
import MohawkModels
import MohawkRecipes
import MohawkTensor
import PretendDeviceSupport

@testable import MohawkMixers

/// A teacher of width 24 and its student, with nothing at its special initial value.
struct TinyPair {
  let teacher: Decoder
  let student: Decoder
  let rows: [WeightTransfer.Row]
  let pair: DistillationPair

  init(
    layers: Int = 3, kvHeads: Int = 4, vocabulary: Int = 40, dtype: DType = .float64, compute: DType? = nil,
    of shape: DecoderConfiguration? = nil, _ change: (inout StudentRecipe) -> Void = { _ in }
  ) throws {
    Runtime.threads = 1
    var recipe = StudentRecipe()
    recipe.stateDim = 6
    recipe.chunk = 8
    change(&recipe)
    let shape = shape ?? Self.shape(layers: layers, kvHeads: kvHeads, vocabulary: vocabulary)
    let device = TestDevice.current
    teacher = Self.shaken(Decoder.fresh(shape, seed: 3, dtype: dtype, compute: compute, on: device), 4)
    student = Self.shaken(
      Decoder.fresh(try shape.student(recipe), seed: 5, dtype: dtype, compute: compute, on: device), 6)
    rows = try WeightTransfer.run(teacher: teacher, student: student, start: recipe.start)
    pair = try DistillationPair(teacher: teacher, student: student)
  }

  static func shape(layers: Int = 3, kvHeads: Int = 4, vocabulary: Int = 40, width: Int = 24) -> DecoderConfiguration {
    DecoderConfiguration.phi(
      vocabulary: vocabulary, modelDim: width, mlpDim: 4 * width,
      mixers: Array(
        repeating: AttentionConfiguration(
          modelDim: width, heads: 4, kvHeads: kvHeads, headDim: width / 4, rotaryDim: 4, maxLength: 64, bias: true),
        count: layers))
  }

  /// A teacher with the blocks of Llama.
  static func llama(kvHeads: Int = 2, bias: Bool = false) -> DecoderConfiguration {
    var result = DecoderConfiguration(
      format: .llama, vocabulary: 40, modelDim: 24, layers: 3, layout: .sequential, norm: .rms(epsilon: 1e-6),
      mlp: .init(width: 48, activation: .silu, isGated: true, bias: false),
      mixer: AttentionConfiguration(
        modelDim: 24, heads: 4, kvHeads: kvHeads, headDim: 6, rotaryDim: 6, maxLength: 64, bias: bias))
    result.changeAttention { $0.outputBias = false }
    return result
  }

  /// Adds noise to every parameter.
  static func shaken(_ model: Decoder, _ seed: UInt64) -> Decoder {
    let noise = RandomGenerator(seed: seed, on: TestDevice.current)
    withoutGradients {
      for parameter in model.parameters.all {
        parameter.value.addInPlace(noise.normal(parameter.value.shape, parameter.value.dtype), scale: 0.1)
      }
    }
    return model
  }

  /// Ids [rows, length + 1].
  static func tokens(_ rows: Int = 3, _ length: Int = 11, below: Int = 40) -> Tensor {
    RandomGenerator(seed: 7).integers(0..<below, [rows, length + 1])
  }

  /// A plan of a few steps over three rows of eleven tokens.
  static func plan(_ trains: TrainedPart, steps: Int = 3) -> StageRecipe {
    StageRecipe(tokens: steps * 33, batchTokens: 33, learningRate: 1e-2, trains: trains)
  }

  /// The input of every layer of the teacher, all kept.
  func teacherInputs(_ ids: Tensor) -> [Tensor] {
    withoutGradients {
      var all = [teacher.embed(ids)]
      for block in teacher.blocks { all.append(block(all.last!)) }
      return all.dropLast()
    }
  }
}

extension LayerStage {
  /// Stage 1 with a plan of any loss.
  static func orientation(
    _ pair: DistillationPair, _ plan: StageRecipe, signals: TeacherSignals? = nil
  ) throws -> LayerStage {
    var plan = plan
    plan.loss.compares = .matrix
    return try LayerStage(.orientation, pair, plan, signals: signals)
  }

  /// Stage 2 with a plan of any loss.
  static func alignment(
    _ pair: DistillationPair, _ plan: StageRecipe, signals: TeacherSignals? = nil, seed: UInt64 = 0
  ) throws -> LayerStage {
    var plan = plan
    plan.loss.compares = .output
    return try LayerStage(.alignment, pair, plan, signals: signals, seed: seed)
  }
}

extension ParameterList {
  /// All numbers as they are now.
  var copies: [String: Tensor] {
    withoutGradients { Dictionary(uniqueKeysWithValues: all.map { ($0.name, $0.value.detached().copy()) }) }
  }

  /// Names of the parameters that are not bit by bit what they were.
  func changed(since copies: [String: Tensor]) -> Set<String> {
    Set(all.filter { !$0.value.detached().isIdentical(to: copies[$0.name]!) }.map(\.name))
  }
}
