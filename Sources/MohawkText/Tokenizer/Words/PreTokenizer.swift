/// How text is cut into words before merging. No merge crosses a word's border.
public struct PreTokenizer: Sendable {
  /// GPT-2's pattern, which Hugging Face calls `ByteLevel` with `use_regex`.
  public static let gpt2 = PreTokenizer([.words(.gpt2)], isByteLevel: true, description: "gpt2")

  /// One step after the other, each on the pieces of the one before.
  enum Step: Sendable {
    /// A pattern whose words cover the text.
    case words(WordScanner)
    case split(TextMatcher, SplitBehavior, inverted: Bool)
    case metaspace(Metaspace)
    /// A space before a piece that does not begin with one.
    case leadingSpace
  }

  let steps: [Step]
  /// Whether words are spelled in the byte alphabet, so that single bytes are the first symbols.
  let isByteLevel: Bool
  /// The steps with their settings, the same for equal pre-tokenizers only.
  public let description: String

  init(_ steps: [Step], isByteLevel: Bool, description: String) {
    self.steps = steps
    self.isByteLevel = isByteLevel
    self.description = description
  }

  /// Whether a word can hold a space between two words.
  var wordsHoldSpaces: Bool {
    !steps.contains { step in
      switch step {
      case .words: true
      case .metaspace(let metaspace): metaspace.splits
      case .split, .leadingSpace: false
      }
    }
  }

  /// The one character that stands for a space in a word, as UTF-8, if it is one.
  /// - Parameter space: what the normaliser makes of a space.
  func marker(space: [UInt8]) -> [UInt8] {
    if isByteLevel { return space == [0x20] ? space : [] }
    var space = space
    for case .metaspace(let metaspace) in steps where space == [0x20] { space = metaspace.bytes }
    return String(decoding: space, as: UTF8.self).unicodeScalars.count == 1 ? space : []
  }

  /// Whether every step ends a word before a single space between two words, so that text can be encoded in two parts
  /// there; `mergesKeepSpaces` tells that of the merges.
  func cutsBeforeSpaces(mergesKeepSpaces: Bool) -> Bool {
    var cuts = mergesKeepSpaces
    for step in steps {
      switch step {
      case .words: cuts = true
      case .metaspace(let metaspace): cuts = cuts || metaspace.splits
      case .leadingSpace, .split(.characters, .isolated, _), .split(.characters, .contiguous, _),
        .split(.scanner, .isolated, _), .split(.scanner, .removed, _), .split(.wordsAndSigns, _, _):
        continue
      case .split: return false
      }
    }
    return cuts
  }
}

/// White space as a visible character, as SentencePiece writes it.
struct Metaspace: Sendable {
  /// Which pieces get the character in front, unless they begin with it.
  enum Prepending: String, Sendable {
    case always, first, never
  }

  let replacement: Unicode.Scalar
  let prepending: Prepending
  let splits: Bool

  var bytes: [UInt8] { Array(UTF8.encode(replacement)!) }
}
