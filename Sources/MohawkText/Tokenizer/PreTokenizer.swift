/// How text is cut into words before merging. No merge crosses a word's border.
public enum PreTokenizer: String, Sendable, Codable {
  /// GPT-2's pattern, which Hugging Face calls `ByteLevel` with `use_regex`.
  case gpt2

  /// Where the word that starts at `start` ends; `start` is below the scanner's end.
  @inline(__always) func wordEnd(_ text: CharacterScanner, from start: Int) -> Int {
    switch self {
    case .gpt2: GPT2Words.wordEnd(text, from: start)
    }
  }
}
