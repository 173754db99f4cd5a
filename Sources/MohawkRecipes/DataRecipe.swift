/// Which tokens of the text count in the losses of pretraining and of stage 3.
public enum LossTokens: String, Codable, Sendable, CaseIterable {
  /// All of them.
  case all
  /// Those that the assistant writes in conversations.
  case answers
}

/// What a run reads, and in what lengths.
public struct DataRecipe: Codable, Sendable, Equatable {
  /// Text files, token shards or folders of them to train on; empty means the built-in story corpus.
  public var train: [String] = []
  /// The same for evaluation; empty means the built-in corpus, or a held-out part of `train`.
  public var validation: [String] = []
  /// The member of JSON objects that holds a document's text.
  public var textKey = "text"
  /// Which tokens count in the losses of pretraining and of stage 3.
  public var lossOn = LossTokens.all
  /// Size of the built-in story corpus, in tokens.
  public var builtInTokens = 2_000_000
  /// Path of a `tokenizer.json`, or of a folder that holds one; `nil` means that a tokenizer is trained.
  public var tokenizer: String?
  /// Whether `tokenizer` may be another one than the teacher's own.
  public var foreignTokenizer = false
  /// Entries of the tokenizer that is trained when none is given.
  public var vocabulary = 1024
  /// Tokens per training sequence.
  public var sequenceLength = 256
  /// Sequences at the beginning of the seeded order that distillation leaves out.
  public var skip = 0
  /// Share of the training sequences, 0 to 1, inside which parts are repeated, so that the model has to look back.
  public var repeats = 0.0

  /// The defaults.
  public init() {}
}

/// How often a run is saved.
public struct CheckpointRecipe: Codable, Sendable, Equatable {
  /// Optimiser steps between checkpoints; 0 means only at the end of each stage and after `minutes`.
  public var every = 0
  /// Minutes after which a run is saved at the latest; 0 means that time does not matter.
  public var minutes = 5.0
  /// Checkpoints that are kept; older ones are removed.
  public var keep = 2

  /// The defaults.
  public init() {}
}

/// What an evaluation reads.
public struct EvaluationRecipe: Codable, Sendable, Equatable {
  /// Validation tokens per evaluation.
  public var tokens = 65_536
  /// Tokens per evaluated sequence; `nil` means that of training.
  public var sequenceLength: Int?
  /// Tasks at the end of a distillation, such as `recall` or `hellaswag=validation.jsonl`.
  public var tasks: [String] = []
  /// Documents of each task at most; `nil` means all.
  public var limit: Int?

  /// The defaults.
  public init() {}
}
