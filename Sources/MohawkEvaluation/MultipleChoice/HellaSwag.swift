import MohawkText

extension ChoiceFormat {
  /// HellaSwag (Zellers et al. 2019): how a description of an activity goes on. Fields `activity_label`, `ctx_a`,
  /// `ctx_b`, `endings`, `label`.
  static let hellaSwag = ChoiceFormat(
    name: "hellaswag", version: 1, measure: .accuracy(normalised: true), examplesSkipQuestion: true,
    examplesFromItself: false
  ) { document in
    let begun = try document.text("ctx_a") + [0x20] + PythonText.capitalized(document.text("ctx_b"))
    let context = HellaSwagText.cleaned(try document.text("activity_label") + Array(": ".utf8) + begun)
    let endings = try document.texts("endings", atLeast: 2).map(HellaSwagText.cleaned)
    let gold = try document.label("label", below: endings.count)
    return ChoiceQuestion(context: context, choices: endings, gold: gold)
  }
}

/// What WikiHow left in HellaSwag's texts, removed.
enum HellaSwagText {
  static func cleaned(_ text: [UInt8]) -> [UInt8] {
    var text = PythonText.trimmed(text)
    text = replacing(text, Array(" [title]".utf8), by: Array(". ".utf8))
    text = withoutBrackets(text)
    return replacing(text, Array("  ".utf8), by: [0x20])
  }

  /// Without `[` and all up to the next `]` of the same line.
  private static func withoutBrackets(_ text: [UInt8]) -> [UInt8] {
    var result: [UInt8] = []
    var index = 0
    while index < text.count {
      if text[index] == UInt8(ascii: "["),
        let end = text[index...].firstIndex(where: { $0 == UInt8(ascii: "]") || $0 == 0x0A }), text[end] != 0x0A
      {
        index = end + 1
      } else {
        result.append(text[index])
        index += 1
      }
    }
    return result
  }

  /// Every `part` from left to right, without overlaps, exchanged for `new`.
  private static func replacing(_ text: [UInt8], _ part: [UInt8], by new: [UInt8]) -> [UInt8] {
    var result: [UInt8] = []
    var start = 0
    while let place = PythonText.find(part, in: text, from: start) {
      result += text[start..<place] + new
      start = place + part.count
    }
    return result + text[start...]
  }
}

extension ChoiceQuestion {
  /// Choices that follow one context after a space.
  init(context: [UInt8], choices: [[UInt8]], gold: Int) {
    self.init(
      requests: choices.map { Request(context: context, continuation: [0x20] + $0) }, gold: gold,
      lengths: choices.map { PythonText.length($0) },
      solved: context + [0x20] + choices[gold] + Array("\n\n".utf8))
  }
}
