import Foundation
import MohawkDecoding
import MohawkFiles
import MohawkModels
import MohawkServing
import MohawkText

/// A model with a batch of its own, under the name that clients know it by.
public final class ServedModel: Sendable {
  /// What clients call it.
  public let name: String
  /// Whether all its layers are attention, as a teacher's.
  public let isTransformer: Bool
  /// The kind of mixer of each layer, and how many matrices it has.
  public let layers: [(kind: String, heads: Int)]
  let tokenizer: Tokenizer
  let chat: ChatAbility
  let bounds: ModelBounds
  let batch: BatchThread
  let batchSize: Int
  private let ends: Set<Int32>
  private let created = Int(Date().timeIntervalSince1970)

  /// Opens the tokenizer, the chat template and, on a thread of its own, the model. A template that cannot be read here
  /// stops chats alone.
  /// - Parameters:
  ///   - name: what clients call it.
  ///   - folder: with tokenizer and configuration files.
  ///   - batchSize: sequences that step together at most.
  ///   - slice: tokens of prompts that are read between two steps at most.
  ///   - queue: requests that may wait.
  ///   - cacheBytes: what states of earlier texts may have together, so that a text that begins like one of them is read
  ///     from where they part; 0 keeps none.
  ///   - open: opens the model.
  ///   - draft: opens a cheaper model that proposes tokens, given the model's engine; nil without speculation.
  /// - Throws: `MohawkError` when something in the folder is missing, damaged, or does not fit.
  public init(
    name: String, folder: String, batchSize: Int = 8, slice: Int = 512, queue: Int = ServerLimits().queue,
    cacheBytes: Int = 256 << 20, open: @escaping @Sendable () throws -> DecodingEngine,
    draft: (@Sendable (DecodingEngine) throws -> BatchDraft)? = nil
  ) throws {
    let tokenizer = try Tokenizer(folder: folder)
    chat = ChatAbility(folder: folder)
    let listed = try Prompt.ends(inFolder: folder)
    let facts = Facts()
    let (receiver, allowsUnused) = (Notice.handler, UnusedTensors.areAllowed)  // the batch has a thread of its own
    batch = try BatchThread(queueLimit: queue) {
      let (engine, proposer) = try Notice.handling(by: receiver) {
        try UnusedTensors.$areAllowed.withValue(allowsUnused) {
          let engine = try open()
          return (engine, try draft?(engine))
        }
      }
      let model = engine.model
      facts.isTransformer = model.configuration.isTransformer
      facts.layers = model.blocks.map { (type(of: $0.mixer).kind, $0.mixer.heads) }
      facts.bounds = ModelBounds(ids: min(Int(tokenizer.highestID) + 1, engine.vocabulary), maxLength: engine.maxLength)
      facts.ends = Prompt.ends(listed, model, tokenizer)
      let cache = cacheBytes > 0 ? PrefixCache(byteBudget: cacheBytes, every: 512) : nil
      return try BatchScheduler(
        engine, tokenizer, capacity: batchSize, slice: slice, cache: cache, draft: proposer)
    }
    (self.name, self.tokenizer, self.batchSize) = (name, tokenizer, batchSize)
    (isTransformer, layers, bounds) = (facts.isTransformer, facts.layers, facts.bounds)
    ends = facts.ends
  }

  /// What the model's thread tells while it opens; nobody else looks before it is open.
  private final class Facts: @unchecked Sendable {
    var isTransformer = false
    var layers: [(kind: String, heads: Int)] = []
    var bounds = ModelBounds(ids: 0, maxLength: nil)
    var ends: Set<Int32> = []
  }

  /// Why the model's chat template cannot be used; nil where it can, or there is none.
  public var chatObstacle: MohawkError? { chat.obstacle }

  /// The tokens of a prompt, within the limits.
  func ids(_ prompt: CompletionRequest.Prompt, _ limits: ServerLimits) throws -> [Int32] {
    switch prompt {
    case .ids(let ids):
      try check(ids.count, "prompt", limits)
      return ids
    case .text(let text):
      let ids = try ids(text: text)
      try requireRows(ids, "prompt")
      try check(ids.count, "prompt", limits)
      return ids
    }
  }

  private func ids(text: String) throws(APIError) -> [Int32] {
    do throws(MohawkError) {
      return try Prompt.ids(text, tokenizer)
    } catch {
      throw .invalid("prompt", "is empty, and the model has no token to begin with")
    }
  }

  /// The tokens of a conversation, as the chat template writes it; nothing is put before.
  func ids(_ prompt: ChatPrompt, _ limits: ServerLimits) throws -> [Int32] {
    let ids = tokenizer.encode(try prompt.text(try chat.template(of: name)))
    guard !ids.isEmpty else { throw APIError.invalid("messages", "make an empty text by the chat template") }
    try requireRows(ids, "messages")
    try check(ids.count, "messages", limits)
    return ids
  }

  private func requireRows(_ ids: [Int32], _ field: String) throws {
    do {
      try tokenizer.requireRows(ids, rows: bounds.ids)
    } catch let error as MohawkError {
      throw APIError(error, parameter: field)
    }
  }

  private func check(_ count: Int, _ field: String, _ limits: ServerLimits) throws(APIError) {
    let most = min(limits.promptTokens, bounds.maxLength ?? .max)
    guard count <= most else {
      throw APIError(
        400, "'\(field)' has \(count) tokens, at most \(most) are allowed", parameter: field,
        code: "context_length_exceeded")
    }
  }

  /// What the batch is to do.
  /// - Parameters:
  ///   - limit: new tokens when the client does not say.
  ///   - alternatives: how many of the most likely tokens are told beside each; nil tells no probabilities.
  ///   - scoresPrompts: whether the prompts' tokens are scored too.
  func batchRequest(
    _ prompts: [[Int32]], _ fields: GenerationFields, limit: Int, alternatives: Int?, scoresPrompts: Bool,
    _ limits: ServerLimits
  ) throws(APIError) -> BatchRequest {
    guard fields.choices <= batchSize else {
      throw .invalid("n", "is \(fields.choices), at most \(batchSize) continuations run together here")
    }
    var request = BatchRequest(prompts: prompts, limit: fields.limit ?? limit, sampling: fields.sampling)
    request.isRepeatable = fields.isSeeded
    request.choices = fields.choices
    request.stops = fields.stops
    request.ends = (fields.ignoresEnds ? [] : ends).union(fields.stopIDs)
    request.deadline = .now + .seconds(limits.requestSeconds)
    (request.alternatives, request.scoresPrompts) = (alternatives, scoresPrompts)
    try check(request, limits)
    return request
  }

  /// An answer keeps all its probabilities until it is complete.
  private func check(_ request: BatchRequest, _ limits: ServerLimits) throws(APIError) {
    guard let alternatives = request.alternatives else { return }
    let read = request.scoresPrompts ? request.prompts.reduce(0) { $0 + $1.count } : 0
    let tokens = (read + request.prompts.count * request.limit) * request.choices
    guard tokens * (alternatives + 1) <= limits.scores else {
      throw .invalid(
        "logprobs",
        "asks for up to \(tokens * (alternatives + 1)) probabilities, at most \(limits.scores) are allowed: ask for fewer "
          + "prompts, choices, tokens or alternatives")
    }
  }

  /// Its entry in `/v1/models`.
  var json: JSONValue {
    .members([
      "id": JSONValue(name), "object": JSONValue("model"), "created": .whole(created),
      "owned_by": JSONValue("swift-mohawk"), "max_model_len": bounds.maxLength.map { .whole($0) } ?? .null,
      "layers": .array(
        layers.map { .members(["kind": JSONValue($0.kind), "heads": .whole($0.heads)]) }),
      "chat": .bool(chat.source != nil),
    ])
  }

  /// The answer of `/tokenizer_info`.
  var tokenizerInfo: JSONValue {
    func token(_ id: Int32?) -> JSONValue { id.flatMap { tokenizer.token($0) }.map { JSONValue($0) } ?? .null }
    return .members([
      "bos_token": token(tokenizer.beginningOfText), "eos_token": token(tokenizer.endOfText),
      "pad_token": token(tokenizer.padding), "vocab_size": .whole(tokenizer.vocabularySize),
      "chat_template": chat.source.map { JSONValue($0) } ?? .null,
    ])
  }
}
