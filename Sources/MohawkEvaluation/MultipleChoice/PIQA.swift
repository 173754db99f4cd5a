extension ChoiceFormat {
  /// PIQA (Bisk et al. 2020): which of two solutions reaches a goal. Fields `goal`, `sol1`, `sol2`, `label`.
  static let piqa = ChoiceFormat(
    name: "piqa", version: 1, measure: .accuracy(normalised: true), examplesSkipQuestion: true,
    examplesFromItself: false
  ) { document in
    let context = Array("Question: ".utf8) + (try document.text("goal")) + Array("\nAnswer:".utf8)
    let choices = [try document.text("sol1"), try document.text("sol2")]
    return ChoiceQuestion(context: context, choices: choices, gold: try document.label("label", below: 2))
  }
}
