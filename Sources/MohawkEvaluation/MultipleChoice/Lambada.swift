extension ChoiceFormat {
  /// LAMBADA (Paperno et al. 2016): the last word of a passage, which the whole passage tells. Field `text`.
  static func lambada(_ name: String) -> ChoiceFormat {
    ChoiceFormat(
      name: name, version: 1, measure: .lastWord, examplesSkipQuestion: false, examplesFromItself: true
    ) { document in
      let text = try document.text("text")
      let border = text.lastIndex(of: 0x20)
      let context = border.map { Array(text[..<$0]) } ?? []
      let word = [0x20] + (border.map { Array(text[($0 + 1)...]) } ?? text)
      return ChoiceQuestion(
        requests: [.init(context: context, continuation: word)], gold: 0, lengths: [word.count],
        // The target has its space already, and lm_eval puts another one before it in an example.
        solved: context + [0x20] + word + Array("\n\n".utf8))
    }
  }
}
