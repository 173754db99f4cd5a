import MohawkFiles
import MohawkText

extension RecallFormat {
  /// How deep needles lie, as shares of the text before them; problems go through them in turn.
  static let depths = [0, 0.25, 0.5, 0.75, 1]

  /// A sentence with a number somewhere in a long text, asked for at its end. The size counts tokens of the whole.
  static let needle = RecallFormat(
    name: "needle", unit: "tokens", sizes: [1024, 4096], problems: 20, chance: { _ in nil }
  ) { size, index, source, generator in
    let depth = depths[index % depths.count]
    let place = SyntheticWords.things[generator.next(below: SyntheticWords.things.count)]
    let number = String(10_000 + generator.next(below: 90_000))
    let fact = source.encode("\nThe secret number of the \(place) is \(number).\n")
    let question = source.problem("\nRemember: the secret number of the \(place) is", " \(number)")
    let asked = question.ids.dropFirst(source.prefix.count)
    let room = size - source.prefix.count - fact.count - asked.count
    guard room >= 0 else {
      throw MohawkError(
        .outOfRange, "a needle and its question have \(size - room) tokens, more than \(size)",
        remedy: "choose a larger size")
    }
    let hay = Self.hay(room, source, generator.next())
    var ids = source.prefix
    var isHidden = false
    var laid = 0
    let before = depth * Double(hay.reduce(0) { $0 + $1.count })
    for sentence in hay {
      if !isHidden, Double(laid) + Double(sentence.count) / 2 > before {
        ids += fact
        isHidden = true
      }
      ids += sentence
      laid += sentence.count
    }
    if !isHidden { ids += fact }
    ids += asked
    let answer = question.answers[0].count
    return RecallProblem(
      ids: ids, answers: [ids.count - answer..<ids.count], group: "depth_\(Int(depth * 100))")
  }

  /// The same without text: tokens by chance, among them a key of two tokens with a value of four behind it; the key
  /// again at the end.
  static let needleTokens = RecallFormat(
    name: "needle_tokens", unit: "tokens", sizes: [1024, 4096], problems: 20, chance: { _ in nil }
  ) { size, index, source, generator in
    let depth = depths[index % depths.count]
    let tokens = try source.distinct(6, &generator)
    let (key, value) = (Array(tokens[..<2]), Array(tokens[2...]))
    let room = size - source.prefix.count - 2 * key.count - 2 * value.count
    guard room >= 0 else {
      throw MohawkError(
        .outOfRange, "a needle and its question have \(size - room) tokens, more than \(size)",
        remedy: "choose a larger size")
    }
    let rest = source.ordinary.filter { !tokens.contains($0) }
    guard !rest.isEmpty else {
      throw MohawkError(.outOfRange, "the tokenizer has too few tokens", remedy: "use a larger tokenizer")
    }
    var ids = (0..<room).map { _ in rest[generator.next(below: rest.count)] }
    ids.insert(contentsOf: key + value, at: Int(depth * Double(room)))
    ids = source.prefix + ids + key + value
    return RecallProblem(ids: ids, answers: [ids.count - value.count..<ids.count], group: "depth_\(Int(depth * 100))")
  }

  /// Sentences of built-in stories, at most `tokens` of them and hardly fewer.
  private static func hay(_ tokens: Int, _ source: TokenSource, _ seed: UInt64) -> [[Int32]] {
    let stories = StoryGenerator(seed: seed)
    var sentences: [[Int32]] = []
    var left = tokens
    for story in 0... {
      let text = Array(stories.story(at: story).utf8) + [0x0A]
      var start = 0
      for place in text.indices
      where place + 1 == text.count || (text[place] == UInt8(ascii: ".") && text[place + 1] == 0x20) {
        let sentence = source.tokenizer.encode(Array(text[start...place]))
        guard sentence.count <= left else { return sentences }
        sentences.append(sentence)
        left -= sentence.count
        start = place + 1
      }
    }
    return sentences
  }
}
