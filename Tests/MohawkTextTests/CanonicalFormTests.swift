@testable import MohawkText
import Testing

@Suite struct CanonicalFormTests {
  private func normal(_ text: String, composes: Bool) -> [UInt32] {
    let bytes = Array(text.utf8)
    let result = bytes.withUnsafeBufferPointer { CanonicalForm(composes: composes).normalized($0) }
    return String(decoding: result ?? bytes, as: UTF8.self).unicodeScalars.map(\.value)
  }

  private func scalars(_ text: String) -> [UInt32] { text.unicodeScalars.map(\.value) }

  @Test(
    arguments: [
      ("e\u{301}", "é", "e\u{301}"), ("a\u{323}\u{307}", "ạ\u{307}", "a\u{323}\u{307}"),
      ("a\u{307}\u{323}", "ạ\u{307}", "a\u{323}\u{307}"), ("\u{212B}", "Å", "A\u{30A}"),
      ("\u{1100}\u{1161}\u{11A8}", "각", "\u{1100}\u{1161}\u{11A8}"),
      ("가\u{11A7}", "가\u{11A7}", "\u{1100}\u{1161}\u{11A7}"),
      ("\u{0958}", "\u{0915}\u{093C}", "\u{0915}\u{093C}"), ("\u{344}", "\u{308}\u{301}", "\u{308}\u{301}"),
      ("x\u{334}\u{301}y", "x\u{334}\u{301}y", "x\u{334}\u{301}y"), ("ﬁ", "ﬁ", "ﬁ"),
      ("\u{301}\u{323}", "\u{323}\u{301}", "\u{323}\u{301}"),
      // A mark of Unicode 11: the reference knows none of its class, so it stays where it is.
      ("a\u{7FD}\u{323}", "a\u{7FD}\u{323}", "a\u{7FD}\u{323}"),
    ])
  func normalFormsEqualTheReference(text: String, composed: String, decomposed: String) {
    #expect(normal(text, composes: true) == scalars(composed))
    #expect(normal(text, composes: false) == scalars(decomposed))
  }

  @Test func textInNormalFormIsNotCopied() {
    for text in ["", "plain", "où déjà vu", "Мельница", "水流过磨坊", "नदी बहती है", "한국어", "🙂"] {
      Array(text.utf8).withUnsafeBufferPointer {
        #expect(CanonicalForm(composes: true).normalized($0) == nil, "\(text)")
      }
    }
  }

  @Test func normalisingTwiceChangesNothing() {
    var random = SeededGenerator(seed: 12)
    let parts: [UInt32] = [
      0x61, 0x41, 0x301, 0x323, 0x30A, 0x334, 0x345, 0xE9, 0x1EA5, 0x1100, 0x1161, 0x11A8, 0xAC00, 0x915, 0x93C, 0x212B,
      0x3042, 0x3099,
    ]
    for _ in 0..<2000 {
      var bytes: [UInt8] = []
      for _ in 0..<random.next(below: 12) {
        if random.next(below: 15) == 0 {
          bytes.append(UInt8(random.next(below: 256)))
        } else {
          UTF8Text.append(parts[random.next(below: parts.count)], to: &bytes)
        }
      }
      for composes in [true, false] {
        let form = CanonicalForm(composes: composes)
        let once = bytes.withUnsafeBufferPointer { form.normalized($0) } ?? bytes
        let twice = once.withUnsafeBufferPointer { form.normalized($0) }
        #expect(twice == nil || twice! == once, "\(bytes)")
        // A canonical form keeps the meaning, so far as the standard library knows it.
        if let text = String(validating: bytes, as: UTF8.self) {
          #expect(text == String(decoding: once, as: UTF8.self))
        }
      }
    }
  }
}
