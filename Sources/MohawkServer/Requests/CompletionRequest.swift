import MohawkText

/// The body of `/v1/completions`, checked.
struct CompletionRequest {
  /// A text to be continued.
  enum Prompt: Equatable {
    /// Text, which gets what the tokenizer's template puts first.
    case text(String)
    /// Tokens, which are taken as they are.
    case ids([Int32])
  }

  /// New tokens when the client does not say.
  static let usualLimit = 16

  let fields: GenerationFields
  let prompts: [Prompt]
  let echoes: Bool
  /// Most likely tokens told beside each; nil tells nothing.
  let alternatives: Int?

  /// - Throws: `APIError` for the first thing that is not as it must be.
  init(_ fields: RequestFields, _ limits: ServerLimits, _ bounds: ModelBounds) throws(APIError) {
    self.fields = try GenerationFields(fields, limits, bounds)
    try UnsupportedFields.refuse(in: fields, isChat: false)
    echoes = try fields.bool("echo", default: false)
    if let suffix = try fields.text("suffix"), !suffix.isEmpty {
      throw .invalid("suffix", "is not supported: models here only continue texts")
    }
    if let flag = fields["logprobs"]?.bool {
      alternatives = flag ? 0 : nil
    } else {
      alternatives = try fields.integer("logprobs", in: 0...limits.alternatives)
    }
    prompts = try Self.prompts(fields, limits, bounds)
  }

  private static func prompts(
    _ fields: RequestFields, _ limits: ServerLimits, _ bounds: ModelBounds
  ) throws(APIError) -> [Prompt] {
    guard let value = fields["prompt"] else { throw .invalid("prompt", "is missing") }
    if let text = value.text { return [.text(text)] }
    guard case .array(let values) = value else {
      throw .invalid("prompt", "must be a string, a list of strings, a list of token ids or a list of such lists")
    }
    guard let first = values.first else { throw .invalid("prompt", "is an empty list") }
    if case .number = first {
      return [.ids(try RequestFields.ids(value, "prompt", below: bounds.ids, atMost: limits.promptTokens))]
    }
    guard values.count <= limits.prompts else {
      throw .invalid("prompt", "has \(values.count) prompts, at most \(limits.prompts) are allowed")
    }
    var prompts: [Prompt] = []
    for value in values {
      switch (value, first) {
      case (.string, .string): prompts.append(.text(value.text ?? ""))
      case (.array(let ids), .array):
        guard !ids.isEmpty else { throw .invalid("prompt", "holds an empty list of token ids") }
        prompts.append(.ids(try RequestFields.ids(value, "prompt", below: bounds.ids, atMost: limits.promptTokens)))
      default:
        throw .invalid("prompt", "must hold either strings or lists of token ids, not \(value.summary)")
      }
    }
    return prompts
  }
}
