import MohawkText

/// Fields by which clients of other servers change an answer, and which nothing here obeys: to ignore them would give
/// another answer than was asked for.
enum UnsupportedFields {
  /// Values that change nothing, beside null, empty strings, lists and objects.
  private enum Neutral {
    case none, flag(Bool), number(Double), texts(Set<String>)

    func allows(_ value: JSONValue) -> Bool {
      switch value {
      case .array(let values) where values.isEmpty: return true
      case .object(let members) where members.isEmpty: return true
      case .string(let text) where text.isEmpty: return true
      case .array(let values):
        if case .texts(let allowed) = self { return values.allSatisfy { $0.text.map(allowed.contains) ?? false } }
        return false
      default: break
      }
      switch self {
      case .none: return false
      case .flag(let flag): return value.bool == flag
      case .number(let number): return value.number == number
      case .texts(let allowed): return value.text.map(allowed.contains) ?? false
      }
    }
  }

  /// - Parameter isChat: whether a template puts tokens around texts.
  /// - Throws: `APIError` for the first of these fields whose value is not neutral.
  static func refuse(in fields: RequestFields, isChat: Bool) throws(APIError) {
    for (name, neutral, hint) in all {
      guard let value = fields[name], !neutral.allows(value) else { continue }
      throw .invalid(name, "is not supported: \(hint)")
    }
    if let value = fields["add_special_tokens"], value.bool != !isChat {
      throw .invalid(
        "add_special_tokens",
        "is not supported: " + (isChat ? "the chat template writes all tokens" : "send token ids to have none added"))
    }
    if let value = fields["do_sample"], value.bool != true, fields["temperature"]?.number != 0 {
      throw .invalid("do_sample", "is not supported: 'temperature' 0 takes the most likely token")
    }
    if isChat, let value = fields["echo"], value.bool != false {
      throw .invalid("echo", "is not supported for chats: answers hold new text only")
    }
  }

  private static let freeText = "answers are free text"
  private static let chosen = "tokens are drawn by temperature, top_p, top_k and min_p"
  private static let all: [(name: String, neutral: Neutral, hint: String)] =
    [
      "guided_json", "guided_regex", "guided_choice", "guided_grammar", "structured_outputs", "grammar", "json_schema",
      "regex", "ebnf", "structural_tag",
    ].map { ($0, .none, freeText) }
    + [
      ("typical_p", .number(1), chosen), ("tfs_z", .number(1), chosen), ("top_a", .number(0), chosen),
      ("mirostat", .number(0), chosen), ("dry_multiplier", .number(0), chosen), ("xtc_probability", .number(0), chosen),
      ("dynatemp_range", .number(0), chosen), ("smoothing_factor", .number(0), chosen),
      ("use_beam_search", .flag(false), chosen), ("num_beams", .number(1), chosen),
      ("length_penalty", .number(1), chosen), ("repeat_penalty", .number(1), "it is called 'repetition_penalty' here"),
      ("n_predict", .number(-1), "it is called 'max_tokens' here"),
      ("max_new_tokens", .none, "it is called 'max_tokens' here"),
      ("min_tokens", .number(0), "'ignore_eos' goes on past the tokens that end texts"),
      ("bad_words", .none, "'logit_bias' of -100 forbids a token"),
      ("allowed_token_ids", .none, "'logit_bias' of -100 forbids a token"),
      ("logits_processors", .none, "'logit_bias' is what changes logits"),
      ("skip_special_tokens", .flag(true), "answers hold readable text only"),
      ("spaces_between_special_tokens", .flag(true), "answers hold readable text only"),
      ("include_stop_str_in_output", .flag(false), "what stops a text is never part of it"),
      ("truncate_prompt_tokens", .number(-1), "prompts are taken whole"),
      ("prompt_logprobs", .none, "completions with 'echo' and 'logprobs' tell them"),
      ("return_tokens_as_token_ids", .flag(false), "tokens are told as texts"),
      ("modalities", .texts(["text"]), "models here write text only"),
      ("audio", .none, "models here write text only"),
      ("web_search_options", .none, "models here see the request only"),
      ("lora_path", .none, "each model is served as it is"), ("lora", .none, "each model is served as it is"),
      ("options", .none, "its members belong into the request itself"),
      ("extra_body", .none, "its members belong into the request itself"),
    ]
}
