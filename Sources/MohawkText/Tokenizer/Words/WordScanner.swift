/// Word patterns that are scanned by hand, because most text is cut with them. Their words cover the whole text.
enum WordScanner: Sendable, Equatable {
  /// GPT-2's.
  case gpt2
  /// Llama 3's and Qwen 2's, which differ in how many digits make a word.
  case llama3(digits: Int)

  /// The scanner for a pattern, if it is one of these.
  init?(pattern: String) {
    switch pattern {
    case GPT2Words.pattern: self = .gpt2
    case Llama3Words.pattern(digits: #"\p{N}{1,3}"#): self = .llama3(digits: 3)
    case Llama3Words.pattern(digits: #"\p{N}"#): self = .llama3(digits: 1)
    default: return nil
    }
  }

  /// Where the word that starts at `start` ends; `start` is below the scanner's end.
  @inline(__always) func wordEnd(_ text: CharacterScanner, from start: Int) -> Int {
    switch self {
    case .gpt2: GPT2Words.wordEnd(text, from: start)
    case .llama3(let digits): Llama3Words.wordEnd(text, from: start, digits: digits)
    }
  }
}
