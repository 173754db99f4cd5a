extension Recipe {
  /// A recipe that ships with the package.
  public struct Named: Sendable {
    /// What `-r` and `base:` call it.
    public let name: String
    /// One line about it.
    public let summary: String
    /// The values.
    public let recipe: Recipe
  }

  /// The recipe called `name`, or `nil`.
  public static func named(_ name: String) -> Recipe? {
    allNamed.first { $0.name == name }?.recipe
  }

  /// All recipes that ship with the package.
  public static let allNamed: [Named] = [
    named("demo", "a four-layer teacher and its student on a CPU, from the built-in stories") {
      $0.data.sequenceLength = 256
      $0.data.vocabulary = 1024
      $0.model.maxLength = 16_384
      $0.pretraining.tokens = 4_000_000
      $0.pretraining.learningRate = 3e-3
      $0.orientation.tokens = 200_000
      $0.alignment.tokens = 400_000
      $0.distillation.tokens = 1_000_000
      $0.distillation.learningRate = 1e-3
      for stage in StageName.allCases { $0[stage].batchTokens = 2048 }
      $0.evaluation.tokens = 16_384
    },
    named("small", "an eight-layer teacher of width 512 and its student on one GPU, from the built-in stories") {
      $0.device = "cuda"
      $0.precision = .bfloat16
      $0.data.builtInTokens = 20_000_000
      $0.data.vocabulary = 4096
      $0.data.sequenceLength = 512
      $0.model.layers = 8
      $0.model.modelDim = 512
      $0.model.heads = 8
      $0.model.mlpDim = 2048
      $0.pretraining.tokens = 200_000_000
      $0.orientation.tokens = 10_000_000
      $0.alignment.tokens = 30_000_000
      $0.distillation.tokens = 150_000_000
      $0.distillation.learningRate = 5e-4
      for stage in StageName.allCases { $0[stage].batchTokens = 1 << 15 }
      $0.checkpoints.every = 500
      $0.evaluation.tokens = 262_144
    },
    named("published", "a published teacher and its student on a CPU, at rates measured on SmolLM2-135M") {
      published(&$0)
    },
    named("hybrid", "like published; attention stays in the best sixth of the layers, a window in all others") {
      published(&$0)
      $0.student.attention = .bestOneIn(6)
      $0.student.window = 64
      $0.data.repeats = 0.25
    },
    named("mohawk-paper", "any teacher by the paper's start, stages, rates and shares of 3 billion tokens") {
      paper(&$0)
    },
    named("phi-mamba-1.5b", "Phi-1.5 to Phi-Mamba with the paper's budgets: 3 billion tokens of C4") {
      phiMamba(&$0)
    },
    named("hybrid-phi-mamba-1.5b", "Phi-1.5 to Hybrid-Phi-Mamba: attention stays in layers 4, 10, 16 and 22") {
      phiMamba(&$0)
      $0.student.attentionLayers = [4, 10, 16, 22]
      $0.distillation.tokens = 4_760_000_000
    },
  ]

  private static func named(_ name: String, _ summary: String, _ change: (inout Recipe) -> Void) -> Named {
    var recipe = Recipe()
    recipe.name = name
    change(&recipe)
    return Named(name: name, summary: summary, recipe: recipe)
  }

  private static func published(_ recipe: inout Recipe) {
    recipe.precision = .bfloat16
    recipe.data.sequenceLength = 512
    recipe.stages = [.alignment, .distillation]
    recipe.distillation.warmup = 0.2
    recipe.distillation.decay = 0.5
    for stage in [StageName.alignment, .distillation] {
      recipe[stage].tokens = 153_600
      recipe[stage].batchTokens = 512
      recipe[stage].learningRate = 1e-3
      recipe[stage].copiedRate = 0.1
    }
    recipe.distillation.learningRate = 3e-4
  }

  private static func phiMamba(_ recipe: inout Recipe) {
    paper(&recipe)
    recipe.device = "cuda"
    recipe.teacher = "phi-1_5"
    recipe.data.train = ["c4/train"]
    recipe.data.validation = ["c4/validation"]
    recipe.student.chunk = 128
    recipe.checkpoints.every = 500
    recipe.evaluation.tokens = 1 << 20
    for stage in [StageName.orientation, .alignment, .distillation] { recipe[stage].evaluateEvery = 500 }
  }

  /// The paper's numbers: 80 M, 160 M and 2.76 B tokens of length 2048.
  private static func paper(_ recipe: inout Recipe) {
    recipe.precision = .bfloat16
    recipe.data.sequenceLength = 2048
    recipe.student.start = .paper
    recipe.orientation.tokens = 80_000_000
    recipe.alignment.tokens = 160_000_000
    recipe.distillation.tokens = 2_760_000_000
    recipe.orientation.batchTokens = 1 << 15
    recipe.alignment.batchTokens = 1 << 15
    recipe.distillation.batchTokens = 1 << 19
    for stage in [StageName.orientation, .alignment, .distillation] { recipe[stage].microBatchTokens = 1 << 13 }
  }
}
