import MohawkTensor

/// What a client wants of a batch: continuations of some prompts.
public struct BatchRequest: Sendable {
  /// Ids of the prompts, each at least one.
  public var prompts: [[Int32]]
  /// Continuations of each prompt; continuation `k` of prompt `i` is choice `i * choices + k`.
  public var choices = 1
  /// New tokens of each continuation at most; 0 only reads the prompts.
  public var limit: Int
  /// How tokens are chosen; choice `c` draws with the seed plus `c`.
  public var sampling: SamplingOptions
  /// Whether the seed is to give the same text whatever else the batch does: then what is sampled has no draft, which
  /// draws other numbers.
  public var isRepeatable = false
  /// Strings that end a text and are not part of it.
  public var stops: [String] = []
  /// Tokens that end a text and are not part of it.
  public var ends: Set<Int32> = []
  /// How many of the most likely tokens are told beside each new one; nil tells no probabilities at all.
  public var alternatives: Int?
  /// Whether the prompts' tokens are scored too.
  public var scoresPrompts = false
  /// When the request is given up.
  public var deadline: ContinuousClock.Instant?

  /// One continuation of each prompt.
  public init(prompts: [[Int32]], limit: Int, sampling: SamplingOptions) {
    self.prompts = prompts
    self.limit = limit
    self.sampling = sampling
  }
}

/// A token and how likely the model held it, before any option of sampling.
public struct BatchScore: Sendable, Equatable {
  /// A token with the logarithm of its probability.
  public struct Entry: Sendable, Equatable {
    /// The token.
    public let id: Int32
    /// Natural logarithm of its probability over all rows of the head.
    public let logprob: Float

    /// A token with its logarithm.
    public init(id: Int32, logprob: Float) {
      self.id = id
      self.logprob = logprob
    }
  }

  /// The token itself; its logarithm is nil for the first token of a text.
  public let id: Int32
  /// Natural logarithm of its probability.
  public let logprob: Float?
  /// The most likely tokens, falling.
  public let top: [Entry]
}

/// What a request's client is told, in this order for each choice.
public enum BatchEvent: Sendable {
  /// Why a choice ended.
  public enum Finish: String, Sendable {
    /// A token or a string that ends texts.
    case stop
    /// The limit on new tokens, or the model's longest position.
    case length
  }

  /// So many tokens of a prompt were known from an earlier text and are not read again; not told when there are none.
  case promptRestored(prompt: Int, tokens: Int)
  /// The scores of a prompt's tokens, for its first choice.
  case promptScored(prompt: Int, [BatchScore])
  /// A new token: the text that became certain with it, maybe none, and its score where one was wanted.
  case token(choice: Int, text: String, score: BatchScore?)
  /// The end of a choice: text that was held back, and how many bytes its state has.
  case finished(choice: Int, text: String, Finish, stateBytes: Int)
  /// The end of the request before its time.
  case failed(BatchFailure)
}

/// Why a request ended before its time, or never began.
public enum BatchFailure: Error, Sendable, Equatable {
  /// Too many requests are waiting.
  case queueIsFull
  /// The request's time is over.
  case deadline
  /// The batch is closing down.
  case closing
  /// The model broke down, in words.
  case broken(String)
}
