/// `evaluation.json`: the final comparison of teacher and student.
public struct EvaluationSummary: Codable, Sendable, Equatable {
  /// Validation tokens that were read.
  public var tokens: Int
  /// Parameters, where known.
  public var teacherParameters: Int?
  /// Numbers in the student, where known.
  public var studentParameters: Int?
  /// exp of the mean negative log-likelihood.
  public var teacherPerplexity: Double?
  /// exp of the mean negative log-likelihood.
  public var studentPerplexity: Double?
  /// Share of positions at which both models' most probable next tokens are the same, 0 to 1.
  public var agreement: Double?
  /// Mean Kullback–Leibler divergence from the teacher's distribution to the student's, in nats.
  public var divergence: Double?
  /// Further measures, such as tasks.
  public var rows: [Row]
  /// How far each layer's student is from its teacher.
  public var layers: [LayerDistance]
  /// Teacher, student and what they are compared with, where a run has frames.
  public var frames: [Frame]?

  /// A model on the same held-out text.
  public struct Frame: Codable, Sendable, Equatable {
    /// `teacher`, `student`, or a frame's name.
    public var name: String
    /// KL(teacher ‖ model), in nats; nil for the teacher.
    public var divergence: Double?
    /// exp of the mean negative log-likelihood.
    public var perplexity: Double?
    /// Share of positions at which the teacher's most probable next token is the model's too; nil for the teacher.
    public var agreement: Double?
    /// Tokens that it was trained on beyond the teacher; nil for the teacher.
    public var tokens: Int?
    /// Seconds that this took; nil for the teacher.
    public var seconds: Double?

    /// One argument per property.
    public init(
      _ name: String, divergence: Double? = nil, perplexity: Double?, agreement: Double? = nil, tokens: Int? = nil,
      seconds: Double? = nil
    ) {
      self.name = name
      self.divergence = divergence
      self.perplexity = perplexity
      self.agreement = agreement
      self.tokens = tokens
      self.seconds = seconds
    }
  }

  /// One measure of both models.
  public struct Row: Codable, Sendable, Equatable {
    /// What was measured.
    public var name: String
    /// The teacher's value; nil when there is none.
    public var teacher: Double?
    /// The student's value; nil when there is none.
    public var student: Double?

    /// One argument per property.
    public init(_ name: String, teacher: Double?, student: Double?) {
      self.name = name
      self.teacher = teacher
      self.student = student
    }
  }

  /// Distances of one layer; `nil` where not measured.
  public struct LayerDistance: Codable, Sendable, Equatable {
    /// Counted from 0.
    public var layer: Int
    /// Mean Frobenius distance of the mixing matrices.
    public var matrix: Double?
    /// Mean L2 distance of the mixer outputs.
    public var hidden: Double?
    /// ‖student − teacher‖ / ‖teacher‖ of the matrices; the zero matrix has 1.
    public var matrixError: Double?
    /// ‖student − teacher‖ / ‖teacher‖ of the outputs; a mixer that puts out nothing has 1.
    public var outputError: Double?
    /// The matrices' error with every column multiplied by the length of the teacher's value there.
    public var weightedError: Double?
    /// For each head the tokens after which half of a token is left, where the mixer has decays.
    public var halfLives: [Double]?
    /// D of each head, where the mixer has one.
    public var skips: [Double]?
    /// The errors of an average over all tokens so far.
    public var uniform: Errors?
    /// The errors of the best single exponential window of each head.
    public var window: Errors?
    /// Whether the layer keeps the teacher's attention.
    public var keepsAttention: Bool
    /// What mixes the tokens in the student's layer, such as `Mamba-2`.
    public var mixer: String?

    /// One argument per property.
    public init(
      layer: Int, matrix: Double? = nil, hidden: Double? = nil, matrixError: Double? = nil, outputError: Double? = nil,
      weightedError: Double? = nil, halfLives: [Double]? = nil, skips: [Double]? = nil, uniform: Errors? = nil,
      window: Errors? = nil, keepsAttention: Bool = false, mixer: String? = nil
    ) {
      self.layer = layer
      self.matrix = matrix
      self.hidden = hidden
      self.matrixError = matrixError
      self.outputError = outputError
      self.weightedError = weightedError
      self.halfLives = halfLives
      self.skips = skips
      self.uniform = uniform
      self.window = window
      self.keepsAttention = keepsAttention
      self.mixer = mixer
    }
  }

  /// Shares of the teacher's size by which something misses a layer; nil where not measured.
  public struct Errors: Codable, Sendable, Equatable {
    /// Of the mixing matrices.
    public var matrix: Double?
    /// Of the same with every column multiplied by the length of the teacher's value there.
    public var weighted: Double?
    /// Of what the mixer puts out.
    public var output: Double?

    /// One argument per property.
    public init(matrix: Double? = nil, weighted: Double? = nil, output: Double? = nil) {
      self.matrix = matrix
      self.weighted = weighted
      self.output = output
    }
  }

  /// One argument per property.
  public init(
    tokens: Int, teacherParameters: Int? = nil, studentParameters: Int? = nil, teacherPerplexity: Double? = nil,
    studentPerplexity: Double? = nil, agreement: Double? = nil, divergence: Double? = nil, rows: [Row] = [],
    layers: [LayerDistance] = []
  ) {
    self.tokens = tokens
    self.teacherParameters = teacherParameters
    self.studentParameters = studentParameters
    self.teacherPerplexity = teacherPerplexity
    self.studentPerplexity = studentPerplexity
    self.agreement = agreement
    self.divergence = divergence
    self.rows = rows
    self.layers = layers
  }
}

/// One entry of `samples.json`: how both models go on.
public struct TextSample: Codable, Sendable, Equatable {
  /// The text that both continue.
  public var prompt: String
  /// The continuations, without the prompt.
  public var teacher: String
  /// The student's continuation, without the prompt.
  public var student: String

  /// One argument per property.
  public init(prompt: String, teacher: String, student: String) {
    self.prompt = prompt
    self.teacher = teacher
    self.student = student
  }
}

/// One entry of `decode.json`: the cost of the next token.
public struct DecodeCost: Codable, Sendable, Equatable {
  /// Such as `teacher` or `student`.
  public var model: String
  /// Tokens already read.
  public var context: Int
  /// The median of single steps.
  public var millisecondsPerToken: Double
  /// Memory of the key-value cache or of the recurrent state, in MiB.
  public var stateMiB: Double?

  /// One argument per property.
  public init(model: String, context: Int, millisecondsPerToken: Double, stateMiB: Double? = nil) {
    self.model = model
    self.context = context
    self.millisecondsPerToken = millisecondsPerToken
    self.stateMiB = stateMiB
  }
}

/// One entry of `transfer.json`: where a student's parameter comes from.
public struct WeightTransferRow: Codable, Sendable, Equatable {
  /// The student's parameter.
  public var student: String
  /// The teacher's parameter, if it is copied.
  public var teacher: String?
  /// The size of every dimension.
  public var shape: [Int]
  /// Such as `copied`, `initialised` or `expanded by head`.
  public var how: String

  /// One argument per property.
  public init(student: String, teacher: String?, shape: [Int], how: String) {
    self.student = student
    self.teacher = teacher
    self.shape = shape
    self.how = how
  }
}
