import MohawkDecoding
import MohawkFiles
import MohawkModels
import MohawkTensor
import MohawkText

/// A model with all that tasks need of it.
public struct EvaluatedModel {
  /// Reads and continues sequences.
  public let engine: DecodingEngine
  /// Makes tokens of texts.
  public let tokenizer: Tokenizer
  /// Tokens of a text that multiple-choice tasks and perplexity show it at once; longer texts lose their beginning.
  public let window: Int
  let encoder: PairEncoder

  /// The window that lm_eval takes when neither configuration nor tokenizer names a length.
  public static let usualWindow = 2048

  /// A model with the weights that it has; see the other initialiser.
  public init(_ model: Decoder, _ tokenizer: Tokenizer, window: Int? = nil) throws {
    try self.init(DecodingEngine(model), tokenizer, window: window)
  }

  /// - Parameters:
  ///   - engine: what reads.
  ///   - tokenizer: its tokenizer.
  ///   - window: see ``window``; by default the model's bound, and ``usualWindow`` where it has none.
  /// - Throws: `MohawkError` when the tokenizer does not fit the model, or the window is beyond the model's bound.
  public init(_ engine: DecodingEngine, _ tokenizer: Tokenizer, window: Int? = nil) throws {
    try tokenizer.requireFit(rows: engine.vocabulary)
    if let window, window < 1 || window > engine.maxLength ?? .max {
      throw MohawkError(
        .outOfRange,
        "the window is \(window) tokens, it must be from 1 to \(engine.maxLength.map(String.init) ?? "any number")",
        remedy: "give a window that the model can look at")
    }
    self.engine = engine
    self.tokenizer = tokenizer
    self.window = window ?? engine.maxLength ?? Self.usualWindow
    encoder = try PairEncoder(tokenizer, rows: engine.vocabulary)
  }

  /// Whether every sequence goes through the engine, because its weights are not those of its model; else sequences
  /// without common beginnings are read in batches by the model.
  var readsByEngine: Bool { engine.isRounded }
  /// Tokens that a sequence can have, nil when there is no bound.
  var longest: Int? { engine.maxLength }

  /// Tokens that are read at once: memory for what lies between layers stays bounded by this, however long a text is.
  static let slice = 1024

  /// Reads the next tokens of a sequence in slices.
  /// - Parameters:
  ///   - ids: the tokens.
  ///   - state: moves on by all of them.
  ///   - first: the logits of this token and all after it are handed over.
  ///   - body: gets the logits [rows, vocabulary] and the place in `ids` of the first row.
  func read(
    _ ids: some RandomAccessCollection<Int32>, _ state: ModelState, from first: Int, _ body: (Tensor, Int) -> Void
  ) {
    let ids = Array(ids)
    var place = 0
    while place < ids.count {
      let piece = Array(ids[place..<min(place + Self.slice, ids.count)])
      let end = place + piece.count
      let wanted = min(piece.count, max(0, end - first))
      let logits = engine.read(piece, state, logits: wanted)
      if wanted > 0 { body(logits, end - wanted) }
      place = end
    }
  }
}
