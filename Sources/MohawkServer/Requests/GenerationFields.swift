import MohawkServing
import MohawkText

/// What completions and chats have in common.
struct GenerationFields {
  let model: String?
  /// New tokens at most; nil when the client leaves it open.
  let limit: Int?
  let choices: Int
  let sampling: SamplingOptions
  /// Whether the client gave a seed, and so means to get the same text again.
  let isSeeded: Bool
  let stops: [String]
  let stopIDs: [Int32]
  /// Whether tokens that end texts are like others.
  let ignoresEnds: Bool
  let streams: Bool
  let includesUsage: Bool

  init(_ fields: RequestFields, _ limits: ServerLimits, _ bounds: ModelBounds) throws(APIError) {
    model = try fields.text("model")
    let newest = try fields.integer("max_completion_tokens", in: 0...limits.newTokens)
    let older = try fields.integer("max_tokens", in: 0...limits.newTokens)
    limit = newest ?? older
    choices = try fields.integer("n", in: 1...limits.choices) ?? 1
    if let best = try fields.integer("best_of", in: 1...Int(Int32.max)), best != choices {
      throw .invalid("best_of", "is not supported: all \(choices) continuations are returned, none is chosen")
    }
    if let format = fields["response_format"], format["type"]?.text != "text" {
      throw .invalid("response_format", "is not supported: answers are free text")
    }
    sampling = try Self.sampling(fields, bounds)
    isSeeded = fields["seed"] != nil
    stops = try fields.texts("stop", atMost: limits.stops)
    for stop in stops where stop.utf8.count > 1_024 { throw .invalid("stop", "holds a string of more than 1024 bytes") }
    stopIDs = try fields.ids("stop_token_ids", below: bounds.ids, atMost: limits.stops) ?? []
    ignoresEnds = try fields.bool("ignore_eos", default: false)
    streams = try fields.bool("stream", default: false)
    includesUsage = try Self.includesUsage(fields, streams: streams)
  }

  private static func includesUsage(_ fields: RequestFields, streams: Bool) throws(APIError) -> Bool {
    guard let options = fields["stream_options"] else { return false }
    guard case .object = options else { throw .invalid("stream_options", "must be an object, not \(options.summary)") }
    guard streams else { throw .invalid("stream_options", "is only allowed when 'stream' is true") }
    return try RequestFields(options).bool("include_usage", default: false)
  }

  private static func sampling(_ fields: RequestFields, _ bounds: ModelBounds) throws(APIError) -> SamplingOptions {
    var options = SamplingOptions()
    options.temperature = try fields.number("temperature", in: 0...2, default: 1)
    options.topP = try fields.number("top_p", in: 0...1, default: 1)
    // Nothing is left at 0, so it means what it tends to: the most likely token.
    if options.topP == 0 { (options.topP, options.topK) = (1, 1) }
    options.minP = try fields.number("min_p", in: 0...1, default: 0)
    if let count = try fields.integer("top_k", in: -1...Int(Int32.max)), count > 0, options.topK != 1 {
      options.topK = count
    }
    options.repetitionPenalty = try fields.number("repetition_penalty", in: 0.01...100, default: 1)
    options.frequencyPenalty = try fields.number("frequency_penalty", in: -2...2, default: 0)
    options.presencePenalty = try fields.number("presence_penalty", in: -2...2, default: 0)
    options.logitBias = try bias(fields, bounds)
    if let seed = try fields.integer("seed", in: .min ... .max) {
      options.seed = UInt64(bitPattern: Int64(seed))
    } else {
      options.seed = .random(in: 0 ... .max)
    }
    return options
  }

  private static func bias(_ fields: RequestFields, _ bounds: ModelBounds) throws(APIError) -> [Int32: Double] {
    guard let value = fields["logit_bias"] else { return [:] }
    guard case .object(let members) = value else {
      throw .invalid("logit_bias", "must be an object from token ids to numbers, not \(value.summary)")
    }
    guard members.count <= 1_024 else { throw .invalid("logit_bias", "has more than 1024 entries") }
    var bias: [Int32: Double] = [:]
    for (key, value) in members {
      let name = String(decoding: key, as: UTF8.self)
      guard let id = Int32(name), id >= 0, id < bounds.ids else {
        throw .invalid(
          "logit_bias", "has the key '\(name.prefix(40))', which is not a token id from 0 to \(bounds.ids - 1)")
      }
      guard let number = value.number, (-100...100).contains(number) else {
        throw .invalid("logit_bias", "has the value \(value.summary), which is not a number from -100 to 100")
      }
      bias[id] = number
    }
    return bias
  }
}
