import MohawkText

/// The body of `/v1/chat/completions`, checked.
struct ChatRequest {
  let fields: GenerationFields
  let prompt: ChatPrompt
  /// Most likely tokens told beside each; nil tells nothing.
  let alternatives: Int?

  /// - Throws: `APIError` for the first thing that is not as it must be.
  init(_ fields: RequestFields, _ limits: ServerLimits, _ bounds: ModelBounds) throws(APIError) {
    self.fields = try GenerationFields(fields, limits, bounds)
    try UnsupportedFields.refuse(in: fields, isChat: true)
    prompt = try ChatPrompt(fields)
    let scores = try fields.bool("logprobs", default: false)
    let count = try fields.integer("top_logprobs", in: 0...limits.alternatives)
    if count != nil, !scores { throw .invalid("top_logprobs", "is only allowed when 'logprobs' is true") }
    alternatives = scores ? count ?? 0 : nil
    if self.fields.limit == 0 { throw .invalid("max_tokens", "must be at least 1") }
  }
}
