import MohawkText

/// The body of `/tokenize`, checked.
struct TokenizeRequest {
  let model: String?
  let text: String
  let addsSpecial: Bool

  init(_ fields: RequestFields) throws(APIError) {
    model = try fields.text("model")
    guard let text = try fields.text("prompt") else { throw .invalid("prompt", "is missing") }
    self.text = text
    addsSpecial = try fields.bool("add_special_tokens", default: true)
  }
}

/// The body of `/detokenize`, checked.
struct DetokenizeRequest {
  let model: String?
  let ids: [Int32]

  init(_ fields: RequestFields, _ limits: ServerLimits, _ bounds: ModelBounds) throws(APIError) {
    model = try fields.text("model")
    guard let ids = try fields.ids("tokens", below: bounds.ids, atMost: limits.promptTokens) else {
      throw .invalid("tokens", "is missing")
    }
    self.ids = ids
  }
}
