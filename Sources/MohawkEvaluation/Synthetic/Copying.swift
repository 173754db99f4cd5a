import MohawkText

extension RecallFormat {
  /// Writes a list of words a second time; the size counts words. Asked for is all after the first word.
  static let copying = RecallFormat(
    name: "copying", unit: "words", sizes: [16, 64], problems: 100, chance: { _ in nil }
  ) { size, _, source, generator in
    let words = (0..<size).map { _ in SyntheticWords.things[generator.next(below: SyntheticWords.things.count)] }
    let rest = words.dropFirst().map { " " + $0 }.joined()
    let prompt = "Words: " + words.joined(separator: " ") + "\n\nThe same words once more.\n\nWords: " + words[0]
    return source.problem(prompt, rest + "\n")
  }

  /// The same for a sequence of different tokens by chance, which asks for no understanding of text.
  static let copyingTokens = RecallFormat(
    name: "copying_tokens", unit: "tokens", sizes: [32, 128], problems: 100, chance: { _ in nil }
  ) { size, _, source, generator in
    let tokens = try source.distinct(size, &generator)
    let start = source.prefix.count
    return RecallProblem(
      ids: source.prefix + tokens + tokens, answers: [(start + size + 1)..<(start + 2 * size)])
  }
}
