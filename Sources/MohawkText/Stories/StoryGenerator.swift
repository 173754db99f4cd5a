/// Endless small English stories that need a memory.
///
/// Names, objects, colours and places come early in a story and must be recalled near its end, after other facts of the
/// same kind: where something was put, who has it now, what colour it was, who was met. A model that forgets shows it
/// in its text. Story `i` is a pure function of the seed and `i`; a story has 50 to 250 words.
public struct StoryGenerator: Sendable, Hashable, Codable {
  /// Decides all stories.
  public let seed: UInt64

  /// Equal seeds tell equal stories.
  public init(seed: UInt64) { self.seed = seed }

  /// The story number `index`.
  public func story(at index: Int) -> String {
    telling(at: index).text
  }

  /// A story up to just before words that only its earlier text tells.
  public struct RecallPrompt: Sendable, Hashable, Codable {
    /// The story so far. It does not end with white space.
    public let prompt: String
    /// What comes next, with the space before it if there is one: `prompt + answer` is how the story goes on.
    public let answer: String
  }

  /// Prompts from stories of their own, one per story. Choose a seed that no training text uses.
  public static func recallPrompts(count: Int, seed: UInt64) -> [RecallPrompt] {
    let generator = StoryGenerator(seed: SeededGenerator(seed: seed, stream: 0x7EC_A115).seed)
    return (0..<count).map { index in
      var random = SeededGenerator(seed: generator.seed, stream: UInt64.max - UInt64(index))
      let telling = generator.telling(at: index)
      let span = telling.recalls[random.next(below: telling.recalls.count)]
      let text = Array(telling.text.utf8)
      let hasSpace = text[span.lowerBound - 1] == 0x20
      let start = hasSpace ? span.lowerBound - 1 : span.lowerBound
      return RecallPrompt(
        prompt: String(decoding: text[..<start], as: UTF8.self),
        answer: String(decoding: text[start..<span.upperBound], as: UTF8.self))
    }
  }

  func telling(at index: Int) -> StoryTelling {
    precondition(index >= 0, "story \(index) does not exist")
    return StoryTelling(SeededGenerator(seed: seed, stream: UInt64(index)))
  }
}
