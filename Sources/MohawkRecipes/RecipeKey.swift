import Yams

/// One key of a recipe: its dotted name, what it means, and how to read and write it.
///
/// The table of these is the only place that knows the keys: loading, saving and comparing recipes go through it.
public struct RecipeKey: Sendable {
  /// Such as `student.chunk`.
  public let name: String
  /// What it means, with its unit.
  public let summary: String
  /// What may be written there.
  public let expectation: String
  /// Whether another value could give other numbers, other than where and how often they are kept.
  let decidesResult: Bool
  /// The value as YAML.
  let text: @Sendable (Recipe) -> String
  /// Reads a value; false when it is of the wrong kind.
  let assign: @Sendable (inout Recipe, Node) -> Bool

  init<Value: RecipeValue>(
    _ name: String, _ path: WritableKeyPath<Recipe, Value> & Sendable, _ summary: String, decidesResult: Bool = true
  ) {
    self.init(
      name, summary, decidesResult: decidesResult, read: { $0[keyPath: path] }, write: { $0[keyPath: path] = $1 })
  }

  /// The key of one field of one stage.
  init<Value: RecipeValue>(
    _ name: String, _ stage: WritableKeyPath<Recipe, StageRecipe> & Sendable,
    _ field: WritableKeyPath<StageRecipe, Value> & Sendable, _ summary: String, decidesResult: Bool = true
  ) {
    self.init(
      name, summary, decidesResult: decidesResult, read: { $0[keyPath: stage][keyPath: field] },
      write: { $0[keyPath: stage][keyPath: field] = $1 })
  }

  private init<Value: RecipeValue>(
    _ name: String, _ summary: String, decidesResult: Bool, read: @escaping @Sendable (Recipe) -> Value,
    write: @escaping @Sendable (inout Recipe, Value) -> Void
  ) {
    self.name = name
    self.summary = summary
    self.expectation = Value.expectation
    self.decidesResult = decidesResult
    text = { read($0).yaml }
    assign = { recipe, node in
      guard let value = Value(recipe: node) else { return false }
      write(&recipe, value)
      return true
    }
  }

  /// The group in front of the dot, or nothing.
  var group: String { name.firstIndex(of: ".").map { String(name[..<$0]) } ?? "" }

  /// The name within its group.
  var leaf: String { name.firstIndex(of: ".").map { String(name[name.index(after: $0)...]) } ?? name }

  /// Every key, in the order in which recipes are written.
  public static let all: [RecipeKey] =
    run + data + model + student
    + stage(.pretraining, \.pretraining) + stage(.calibration, \.calibration) + stage(.orientation, \.orientation)
    + stage(.alignment, \.alignment) + stage(.distillation, \.distillation)
    + keeping

  static let byName = Dictionary(uniqueKeysWithValues: all.map { ($0.name, $0) })

  static let groups = Set(all.map(\.group)).subtracting([""])

  /// Other names of groups.
  static let groupAliases = [
    "stage1": "orientation", "stage2": "alignment", "stage3": "distillation", "pretrain": "pretraining",
  ]

  /// `name` with an alias in front replaced by what it stands for.
  static func canonical(_ name: String) -> String {
    let head = name.prefix { $0 != "." }
    guard let group = groupAliases[String(head)] else { return name }
    return group + name.dropFirst(head.count)
  }
}

extension RecipeKey {
  private static let run = [
    RecipeKey("name", \.name, "the run's name in reports", decidesResult: false),
    RecipeKey("seed", \.seed, "seed of data order, weights and sampling"),
    RecipeKey("threads", \.threads, "CPU threads; null: all cores", decidesResult: false),
    RecipeKey("device", \.device, "cpu, cuda or cuda:N", decidesResult: false),
    RecipeKey("precision", \.precision, "type in which layers compute; master weights stay fp32"),
    RecipeKey("teacher", \.teacher, "folder of a Hugging Face checkpoint; null: pretrain one shaped like model"),
    RecipeKey("stages", \.stages, "distillation stages to run, in order"),
    RecipeKey("signals", \.signals, "folder of teacher signals to learn from (mohawk signals); null: the teacher runs"),
    RecipeKey(
      "frames", \.frames, "what is put through the same stage 3 beside the student, to compare with",
      decidesResult: false),
  ]

  private static let data = [
    RecipeKey("data.train", \.data.train, "files or folders to train on; empty: the built-in story corpus"),
    RecipeKey("data.validation", \.data.validation, "files or folders to evaluate on; empty: held-out text"),
    RecipeKey("data.textKey", \.data.textKey, "member of JSON objects that holds a document's text"),
    RecipeKey(
      "data.lossOn", \.data.lossOn,
      "tokens that count in the losses of pretraining and stage 3: all, or those of answers in conversations"),
    RecipeKey("data.builtInTokens", \.data.builtInTokens, "size of the built-in corpus, in tokens"),
    RecipeKey("data.tokenizer", \.data.tokenizer, "path of a tokenizer.json; null: train one, or the teacher's"),
    RecipeKey(
      "data.foreignTokenizer", \.data.foreignTokenizer, "whether the tokenizer may be another one than the teacher's",
      decidesResult: false),
    RecipeKey("data.vocabulary", \.data.vocabulary, "entries of a tokenizer that is trained"),
    RecipeKey("data.sequenceLength", \.data.sequenceLength, "tokens per training sequence"),
    RecipeKey("data.skip", \.data.skip, "sequences of the seeded order that distillation leaves out first"),
    RecipeKey("data.repeats", \.data.repeats, "share of the sequences, 0 to 1, inside which parts are repeated"),
  ]

  private static let model = [
    RecipeKey("model.layers", \.model.layers, "blocks of the pretrained teacher"),
    RecipeKey("model.modelDim", \.model.modelDim, "width of the hidden state"),
    RecipeKey("model.heads", \.model.heads, "query heads"),
    RecipeKey("model.kvHeads", \.model.kvHeads, "key and value heads; null: as many as query heads"),
    RecipeKey("model.headDim", \.model.headDim, "width of a head; null: modelDim / heads"),
    RecipeKey("model.mlpDim", \.model.mlpDim, "width of the MLP's hidden layer"),
    RecipeKey("model.rotaryFraction", \.model.rotaryFraction, "share of a head's dimensions that rotate, 0 to 1"),
    RecipeKey("model.rotaryBase", \.model.rotaryBase, "base of the rotary frequencies"),
    RecipeKey("model.maxLength", \.model.maxLength, "longest sequence, in tokens"),
    RecipeKey("model.normEpsilon", \.model.normEpsilon, "epsilon of the LayerNorms"),
  ]

  private static let student = [
    RecipeKey("student.mixer", \.student.mixer, "what replaces attention; auto: what other tools open"),
    RecipeKey("student.keepsMLPs", \.student.keepsMLPs, "false: a Mamba-2 or Mamba mixer stands for the whole block"),
    RecipeKey(
      "student.stateDim", \.student.stateDim,
      "state size per head; null: the width of the teacher's heads, in mamba 16, in toeplitz and monarch 256 tokens"),
    RecipeKey("student.qkHeads", \.student.qkHeads, "heads (groups) of B and C; null: the teacher's heads"),
    RecipeKey("student.vHeads", \.student.vHeads, "heads of x; null: the teacher's heads"),
    RecipeKey(
      "student.headDim", \.student.headDim,
      "width of a head of x, of Mamba-2; null: as the teacher's, or width / vHeads"),
    RecipeKey("student.convWidth", \.student.convWidth, "taps of the causal convolution"),
    RecipeKey("student.chunk", \.student.chunk, "tokens per chunk of the chunked form"),
    RecipeKey(
      "student.window", \.student.window,
      "tokens seen by softmax beside the recurrent part; null: no window, in sliding-window-attention 64"
    ),
    RecipeKey("student.sinks", \.student.sinks, "first tokens of the text that a window sees too"),
    RecipeKey("student.attentionLayers", \.student.attentionLayers, "layers, from 0, that keep attention"),
    RecipeKey(
      "student.attentionHeads", \.student.attentionHeads,
      "single heads of other layers, both from 0, that keep attention beside the recurrent part"),
    RecipeKey(
      "student.attention", \.student.attention,
      "finds layers or heads instead: every:6 keeps one layer in six, best:5 (or best:1/6) those without which the teacher looks back worst, heads:8 (or heads:2%) the heads that are worst off with a window"
    ),
    RecipeKey("student.start", \.student.start, "start of the mixers; auto: context where it fits, else paper"),
  ]

  private static func stage(
    _ stage: StageName, _ path: WritableKeyPath<Recipe, StageRecipe> & Sendable
  ) -> [RecipeKey] {
    func key<Value: RecipeValue>(
      _ leaf: String, _ field: WritableKeyPath<StageRecipe, Value> & Sendable, _ summary: String
    ) -> RecipeKey {
      RecipeKey("\(stage.rawValue).\(leaf)", path, field, summary)
    }
    let memory = RecipeKey(
      "\(stage.rawValue).activationCheckpointing", path, \.activationCheckpointing,
      "whether layers are computed again in the backward pass, for less memory", decidesResult: false)
    let learns = stage != .pretraining
    let isFree = learns && stage != .calibration
    let common = [
      key("tokens", \.tokens, "tokens to train on"),
      key("batchTokens", \.batchTokens, "tokens per optimiser step"),
      key("microBatchTokens", \.microBatchTokens, "tokens per forward pass; null: all of batchTokens"),
      key("learningRate", \.learningRate, "peak learning rate"),
      key("finalLearningRate", \.finalLearningRate, "learning rate of the last step"),
      key("warmup", \.warmup, "share of the steps that warm up, 0 to 1"),
      key("decay", \.decay, "share of the steps that decay, 0 to 1"),
      key("weightDecay", \.weightDecay, "decoupled weight decay"),
      key("beta1", \.beta1, "AdamW's decay of the first moment"),
      key("beta2", \.beta2, "AdamW's decay of the second moment"),
      key("epsilon", \.epsilon, "AdamW's epsilon"),
      key("clip", \.clip, "largest gradient norm; 0: no clipping"),
      key("trains", \.trains, "which parameters move"),
      key("evaluateEvery", \.evaluateEvery, "steps between evaluations; 0: only at the end"),
    ]
    let students = [
      key("optimizer", \.optimizer, "what moves the matrices of blocks; AdamW moves everything else"),
      key("passes", \.passes, "how often the stage goes through its tokens"),
      key("copiedRate", \.copiedRate, "factor on the learning rate of weights taken from the teacher"),
      key("decayRate", \.decayRate, "factor on the learning rate of weights of decays and step sizes"),
    ]
    let compared = [
      key("compares", \.loss.compares, "what of the student is compared with the teacher's"),
      key("distance", \.loss.distance, "norm of a layer's difference from its teacher, its square, or 1 − cosine"),
      key("relative", \.loss.relative, "whether distances are divided by the teacher's size"),
      key("clipPerLayer", \.clipPerLayer, "whether clip bounds each layer's norm alone, as distill --layers needs"),
    ]
    let details = [
      key("columns", \.loss.columns, "whether a matrix's columns count alike, or as the teacher's values are long"),
      key("temperature", \.loss.temperature, "what logits are divided by before they are compared"),
      key("divergence", \.loss.divergence, "KL(teacher ‖ student), KL(student ‖ teacher), or the mean of both"),
      key("top", \.loss.top, "most likely tokens that are compared one by one, the rest as one; null: all"),
      key("labels", \.loss.labels, "share of the loss that is cross-entropy against the text itself, 0 to 1"),
    ]
    let windows = [
      key(
        "windowDropout", \.windowDropout,
        "share of sequences that are trained on without the window; null: 0.5, where whole models are compared 0.2")
    ]
    return common + (stage == .calibration ? [] : [memory]) + (learns ? students + compared : [])
      + (isFree ? details : []) + (learns ? windows : [])
  }

  private static let keeping = [
    RecipeKey(
      "checkpoints.every", \.checkpoints.every, "steps between checkpoints; 0: at the end of a stage",
      decidesResult: false),
    RecipeKey(
      "checkpoints.minutes", \.checkpoints.minutes, "minutes between checkpoints at most; 0: any time",
      decidesResult: false),
    RecipeKey("checkpoints.keep", \.checkpoints.keep, "checkpoints that are kept", decidesResult: false),
    RecipeKey("evaluation.tokens", \.evaluation.tokens, "validation tokens per evaluation"),
    RecipeKey(
      "evaluation.sequenceLength", \.evaluation.sequenceLength, "tokens per evaluated sequence; null: as in training"),
    RecipeKey(
      "evaluation.tasks", \.evaluation.tasks, "tasks at the end, such as recall or hellaswag=FILE",
      decidesResult: false),
    RecipeKey(
      "evaluation.limit", \.evaluation.limit, "documents of each task at most; null: all", decidesResult: false),
  ]
}
