extension GGUFTokenizer {
  /// Tokens that end a text by their spelling, with or without a key that says so.
  ///
  /// Source: `llama-vocab.cpp` of llama.cpp.
  static let usualEnds: Set = [
    "<|eot_id|>", "<|eom_id|>", "<|im_end|>", "<|end|>", "<|return|>", "<|call|>", "<|flush|>", "<|calls|>",
    "<end_of_turn>", "<|endoftext|>", "<|end_of_text|>", "</s>", "<EOT>", "_<EOT>", "[EOT]", "[EOS]",
    "<end_of_utterance>", "<eos>", "<turn|>", "<|tool_response>", "<｜end▁of▁sentence｜>", "[e~[",
  ]

  /// The ids that end a generated text: end of text, of turn and of message by the file's keys, then those known by
  /// their spelling.
  package var ends: [Int] {
    let named = ["eos", "eot", "eom"].compactMap { roles[$0] }
    let spelled = tokens.indices.filter { Self.usualEnds.contains(tokens[$0]) }
    var seen: Set<Int> = []
    return (named + spelled).filter { seen.insert($0).inserted && !endsOnlyAMessage($0) }
  }

  /// In the format Harmony, and in Solar's, `<|end|>` parts the messages of one answer.
  private func endsOnlyAMessage(_ id: Int) -> Bool {
    guard tokens[id] == "<|end|>" else { return false }
    func has(_ one: String, _ other: String) -> Bool { tokens.contains(one) || tokens.contains(other) }
    return has("<|call|>", "<|calls|>") && has("<|return|>", "<|flush|>")
  }
}
