@testable import MohawkText
import Testing

@Suite struct TextPatternTests {
  private static let scanned: [(String, WordScanner)] = [
    (GPT2Words.pattern, .gpt2), (Llama3Words.pattern(digits: #"\p{N}{1,3}"#), .llama3(digits: 3)),
    (Llama3Words.pattern(digits: #"\p{N}"#), .llama3(digits: 1)),
  ]

  /// Bytes whose mix reaches every way through the patterns.
  private static func text(_ random: inout SeededGenerator) -> [UInt8] {
    let parts = [
      "a", "B", "'s", "'S", "'ſ", "'Re", "'l", "'", " ", "  ", "\n", "\r\n", "\t", "\u{A0}", "\u{2028}", "1", "22", "½",
      "é",
      "水", "ǅ", "\u{301}", "🙂", "!", "?!", "_", "٣", "\u{0}",
    ]
    var bytes: [UInt8] = []
    for _ in 0..<random.next(below: 24) {
      // Now and then a byte that is not UTF-8.
      if random.next(below: 20) == 0 {
        bytes.append(UInt8(random.next(below: 256)))
      } else {
        bytes += Array(parts[random.next(below: parts.count)].utf8)
      }
    }
    return bytes
  }

  @Test func theScannersEqualTheirPatterns() throws {
    var random = SeededGenerator(seed: 11)
    let patterns = try Self.scanned.map { (try TextPattern($0.0), $0.1) }
    for _ in 0..<4000 {
      let bytes = Self.text(&random)
      bytes.withUnsafeBufferPointer { buffer in
        guard let base = buffer.baseAddress, !buffer.isEmpty else { return }
        for (pattern, scanner) in patterns {
          let text = UTF8Text(base, end: buffer.count)
          let slow = TextMatcher.pattern(pattern).spans(text, from: 0)
          let fast = TextMatcher.scanner(scanner).spans(text, from: 0)
          #expect(slow.map(\.range) == fast.map(\.range), "\(bytes)")
          let covered = slow.allSatisfy { $0.matched }
          #expect(covered)
        }
      }
    }
  }

  @Test func knownPatternsAreScanned() {
    for (source, scanner) in Self.scanned { #expect(WordScanner(pattern: source) == scanner) }
    #expect(WordScanner(pattern: #"\s+"#) == nil)
  }

  /// Matches of `pattern` in `text`.
  private func matches(_ pattern: String, _ text: String) throws -> [String] {
    let pattern = try TextPattern(pattern)
    let bytes = Array(text.utf8)
    return bytes.withUnsafeBufferPointer { buffer in
      TextMatcher.pattern(pattern).spans(UTF8Text(buffer.baseAddress!, end: buffer.count), from: 0)
        .filter(\.matched).map { String(decoding: bytes[$0.range], as: UTF8.self) }
    }
  }

  @Test(arguments: [
    ("a{1,2}", "aaaa b aaa", ["aa", "aa", "aa", "a"]), ("a{1,2}+", "aaaab", ["aaaa"]),
    ("a{,2}b", "aaab b", ["aab", "b"]),
    ("a{2,}", "a aa aaaa", ["aa", "aaaa"]), ("a*+ab", "aaab", []), ("a*ab", "aaab", ["aaab"]),
    (#"\s+(?!\S)"#, "a   b  ", ["  ", "  "]), (#"\s+$"#, "a  \n b ", ["  ", " "]),
    ("(?:ab|a)c", "abc ac", ["abc", "ac"]),
    ("(?=ab)a.", "ab ac", ["ab"]), ("(?i:ks)", "KS kſ \u{212A}s", ["KS", "kſ", "\u{212A}s"]),
    (#"[^\S\n]+"#, "a \t\n b", [" \t", " "]), (#"[a-c\]-]+"#, "ab]-d", ["ab]-"]), (#"\P{L}+"#, "a12b", ["12"]),
    (#"\p{^L}"#, "a1", ["1"]), (#"[\p{Lu}\x41-\x{43}é]"#, "aAéZ", ["A", "é", "Z"]), ("一|[丁-七]", "一丂三", ["一", "丂"]),
    ("(a|b)+", "abba c", ["abba"]),
    (#"[\p{L}&&[^aeiou]]+"#, "bcd eé", ["bcd", "é"]), ("[a-f&&b-z&&[^d]]+", "abcdef", ["bc", "ef"]),
    (#"[^[a-c]\d]+"#, "abX12Yc", ["X", "Y"]), ("[a[b[^c-\u{10FFFF}]]]+", "abc A", ["ab", " A"]),
    (#"\p{Han}+|\p{hiragana}|\p{Old_Italic}"#, "漢字かな\u{10300}a", ["漢字", "か", "な", "\u{10300}"]),
    (#"\P{Latin}+"#, "aé漢 b", ["漢 "]), (#"[^\p{Latin}\s]+"#, "aé漢1 b", ["漢1"]), (#"\p{Uppercase_Letter}"#, "aÉ", ["É"]),
    (#"\w+"#, "aé_1²\u{200D} b", ["aé_1²", "b"]), (#"\W"#, "a-b", ["-"]), (#"[\w&&\D]+"#, "a1b", ["a", "b"]),
    ("(?i:[sdmt]|ll)", "S ſ Ll D x", ["S", "ſ", "Ll", "D"]), ("(?i:[^ks])", "K\u{212A}ſz", ["z"]),
    ("(?i:[a-c一-三])+", "AbC一", ["AbC一"]), (#"(?i:[^\p{L}])"#, "a\u{345}1", ["1"]),
    (#"(?i:[\p{N}\s])+"#, "Ⅷ 1a", ["Ⅷ 1"]), (#"\/\."#, "./.", ["/."]), ("(?:ab?){2}", "abaab", ["aba"]),
  ])
  func aPatternMatchesAsInTheReference(pattern: String, text: String, expected: [String]) throws {
    #expect(try matches(pattern, text) == expected)
  }

  @Test(arguments: [
    ("a*", "the empty text"), ("a|", "the empty text"), ("(?:a*)+", "what can be empty"),
    ("a+?", "as little as possible"),
    ("(?:a+b)+", "endless repetition"), ("^a", "'^'"), (#"\p{Klingon}"#, "Klingon"), (#"\h"#, #"\h"#),
    ("[[:alpha:]]", "POSIX"), ("[a-[b]]", "at the end of a range"), ("(?<n>a)", "kind of group"),
    ("(?<=a)b", "kind of group"), ("(a", "')' is missing"),
    ("a)", "')' stands alone"), ("[a", "']' is missing"), ("a{1000}", "more than 256"), ("a{", "repetition"),
    ("(?i:ß)", "beyond ASCII"), ("(?i:ss)", "ignores case"), ("(?i:[é])", "ignores case"),
    (#"(?i:[\p{L}])"#, "ignores case"),
    (#"(?i:[\p{Lu}])"#, "ignores case"), (#"(?i:[\p{Greek}])"#, "ignores case"), (#"(?i:[^\p{M}])"#, "ignores case"),
    (String(repeating: "[", count: 50) + "a", "nested"), (#"\"#, "backslash"),
    ("[b-a]", "backwards"), ("(?:(?:a{256}){256}){256}", "too long"), (#"\xZZ"#, "number"),
    (String(repeating: "(", count: 50), "nested"),
  ])
  func whatIsNotSupportedIsNamed(pattern: String, message: String) {
    let fault = #expect(throws: TextPatternFault.self) { try TextPattern(pattern) }
    #expect(fault?.message.contains(message) == true, "\(String(describing: fault))")
  }
}
