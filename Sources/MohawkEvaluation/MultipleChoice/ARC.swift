extension ChoiceFormat {
  /// ARC (Clark et al. 2018), easy or challenge: questions of natural science. Fields `question`, `choices.text`,
  /// `choices.label`, `answerKey`.
  static func arc(_ name: String) -> ChoiceFormat {
    ChoiceFormat(
      name: name, version: 1, measure: .accuracy(normalised: true), examplesSkipQuestion: false,
      examplesFromItself: false
    ) { document in
      let context = Array("Question: ".utf8) + (try document.text("question")) + Array("\nAnswer:".utf8)
      let choices = try document.texts("choices.text", atLeast: 2)
      let labels = try document.texts("choices.label", atLeast: 2)
      let key = try document.text("answerKey")
      guard labels.count == choices.count else {
        throw document.fault("\"choices\" has \(choices.count) texts and \(labels.count) labels")
      }
      guard let gold = labels.firstIndex(of: key) else {
        throw document.fault("\"answerKey\" is \"\(String(decoding: key, as: UTF8.self))\", which is no label")
      }
      return ChoiceQuestion(context: context, choices: choices, gold: gold)
    }
  }
}
