import MohawkDistillation
import MohawkMixers
import MohawkModels
import MohawkRecipes
import MohawkTensor

/// What a stage costs: floating-point operations of a token, and with them about how long the stage takes here.
///
/// A weight costs 2 operations forwards and 4 backwards, in all that runs; attention and its like 4 for every token
/// that is looked at and channel. Stages reach about 0.7 of the speed of a plain matrix product on a processor, which
/// was measured on teachers of 10 M and 135 M parameters.
struct StageCost {
  /// Share of the speed of a plain matrix product that a stage reaches.
  static let efficiency = 0.7

  /// Operations of a token.
  let operations: Double

  /// - Parameters:
  ///   - stage: which.
  ///   - plan: what it compares, and whether it computes layers a second time.
  ///   - pair: both models.
  ///   - shape: the teacher's.
  ///   - length: tokens of a sequence.
  ///   - teacherRuns: false where stored signals stand in for the teacher.
  init(
    _ stage: StageName, _ plan: StageRecipe, _ pair: DistillationPair, of shape: DecoderConfiguration, length: Int,
    teacherRuns: Bool
  ) {
    // Forwards is a third of forwards and backwards.
    let passes = plan.activationCheckpointing ? 4.0 / 3 : 1
    func weights(_ model: any LanguageModel, _ holds: (String) -> Bool) -> Double {
      Double(model.parameters.all.reduce(0) { $0 + (holds($1.name) && $1.value.rank == 2 ? $1.value.count : 0) })
    }
    func isInBlocks(_ name: String) -> Bool { name.hasPrefix("layers.") }
    let head = Double(shape.vocabulary * shape.modelDim)
    // Operations of the attention of each layer, for one token.
    let looked = shape.layers.map { Double(length) / 2 * Double(4 * ($0.attention?.width ?? 0)) }
    let attention = looked.reduce(0, +)
    let mixers = Set(pair.moving(.mixer).map(\.name))
    // Single heads that keep attention, as parts of a layer.
    var keptHeads = 0.0
    for (layer, block) in pair.student.blocks.enumerated() where !block.mixer.keptHeads.isEmpty {
      let share = Double(block.mixer.keptHeads.count) / Double(pair.teacher.blocks[layer].mixer.heads)
      keptHeads += 3 * looked[layer] * share
    }
    let keptLayers: Double = pair.keptLayers.reduce(0) { $0 + 3 * looked[$1] }
    let mixing = 6 * weights(pair.student) { mixers.contains($0) } + keptHeads
    let teacher = 2 * weights(pair.teacher, isInBlocks) + attention
    let student = 6 * weights(pair.student, isInBlocks) + keptLayers + keptHeads
    let whole = student * passes + (teacherRuns ? teacher : 0)
    switch (stage, plan.loss.compares) {
    case (.pretraining, _): operations = 3 * (teacher * passes + 2 * head)
    case (.calibration, _): operations = mixing
    case (_, .output), (_, .block): operations = mixing + (teacherRuns ? teacher : 0)
    case (_, .matrix):
      // Whole matrices of both, forwards, and the student's backwards.
      operations = mixing + (teacherRuns ? teacher : 0) + 8 * attention
    case (_, .hidden): operations = whole
    case (_, .logits): operations = whole + 6 * head + (teacherRuns ? 2 * head : 0)
    }
  }

  /// Seconds that a number of tokens takes.
  /// - Parameter speed: operations a second of a plain matrix product.
  func seconds(tokens: Int, speed: Double) -> Double { Double(tokens) * operations / (speed * Self.efficiency) }
}

/// How fast this machine multiplies.
public enum ProductSpeed {
  /// The best of a few products of 1024 × 1024 matrices on the processor, in operations a second.
  public static func measured(_ dtype: DType) -> Double {
    let a = RandomGenerator(seed: 1).normal([1024, 1024]).to(dtype)
    let clock = ContinuousClock()
    _ = a.matmul(a)
    let best = (0..<5).map { _ in clock.measure { _ = a.matmul(a) } }.min()!
    return 2 * 1024 * 1024 * 1024 / (best / .seconds(1))
  }
}
