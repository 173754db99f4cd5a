import MohawkText

extension ChoiceFormat {
  /// Winogrande (Sakaguchi et al. 2020) by partial evaluation (Trinh and Le 2018): each option stands in for the gap,
  /// and what is likely or not is the same end of the sentence. Fields `sentence`, `option1`, `option2`, `answer`.
  static let winogrande = ChoiceFormat(
    name: "winogrande", version: 1, measure: .accuracy(normalised: false), examplesSkipQuestion: true,
    examplesFromItself: false
  ) { document in
    let sentence = try document.text("sentence")
    guard let gap = sentence.firstIndex(of: UInt8(ascii: "_")) else {
      throw document.fault("\"sentence\" has no gap \"_\"")
    }
    let contexts = [try document.text("option1"), try document.text("option2")].map { sentence[..<gap] + $0 }
    let answer = try document.text("answer")
    guard answer == [0x31] || answer == [0x32] else {
      throw document.fault("\"answer\" is \"\(String(decoding: answer, as: UTF8.self))\", not \"1\" or \"2\"")
    }
    let gold = Int(answer[0] - 0x31)
    let rest = [0x20] + PythonText.trimmed(Array(sentence[(gap + 1)...]))
    return ChoiceQuestion(
      requests: contexts.map { .init(context: Array($0), continuation: rest) }, gold: gold,
      lengths: contexts.map { PythonText.length($0) }, solved: contexts[gold] + rest + Array("\n\n".utf8))
  }
}
