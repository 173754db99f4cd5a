import MohawkText

/// The body of `/tokenize`, checked.
struct TokenizeRequest {
  enum Content {
    case text(String)
    case chat(ChatPrompt)
  }

  let model: String?
  let content: Content
  /// Whether what the tokenizer's template puts around texts is added; a chat template mostly writes it itself.
  let addsSpecial: Bool

  init(_ fields: RequestFields) throws(APIError) {
    model = try fields.text("model")
    let text = try fields.text("prompt")
    if fields["messages"] != nil {
      guard text == nil else { throw .invalid("prompt", "and 'messages' exclude each other") }
      content = .chat(try ChatPrompt(fields))
    } else {
      guard let text else { throw .invalid("prompt", "is missing; a conversation goes into 'messages'") }
      content = .text(text)
    }
    addsSpecial = try fields.bool("add_special_tokens", default: fields["messages"] == nil)
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
