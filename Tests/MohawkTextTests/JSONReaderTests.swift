import Foundation
@testable import MohawkText
import Testing

@Suite struct JSONReaderTests {
  private func read(_ text: String) throws -> JSONValue {
    try Array(text.utf8).withUnsafeBufferPointer { try JSONReader.document($0) }
  }

  @Test func valuesAreRead() throws {
    let value = try read(#" {"a": [1, -2.5e3, true, false, null], "b": {"c": "x\n\u00e9\ud83d\ude42\/"}, "b2": []} "#)
    #expect(value["b"]?["c"]?.text == "x\né🙂/")
    #expect(value["b2"]?.summary == "an array of 0")
    guard case .array(let values) = value["a"] else { return #expect(Bool(false), "a is no array") }
    #expect(values.map(\.summary) == ["1", "-2.5e3", "true", "false", "null"])
  }

  @Test(arguments: [
    "", " ", "{", "[", "[1", "[1,", "[1,]", "{\"a\"", "{\"a\":", "{\"a\":1", "{\"a\":1,}", "{a:1}", "01", "1.", "-",
    "1e", "tru",
    "nul", "\"", "\"\\", "\"\\x\"", "\"\\u12\"", "\"\\u12g4\"", "\"\\ud800\"", "\"\\udc00\"", "\"\\ud800\\u0041\"",
    "\"\n\"", "1 2",
    "[1] x", "'a'", "NaN", "+1", ".5",
  ])
  func whatIsNotJSONIsRefused(text: String) {
    #expect(throws: JSONFault.self) { try read(text) }
  }

  @Test func writtenStringsAreReadBack() throws {
    let text = "a\"b\\c\n\r\t\u{0}\u{1F}\u{7F}é🙂/"
    var bytes: [UInt8] = []
    JSONText.append(text.utf8, to: &bytes)
    #expect(try read(String(decoding: bytes, as: UTF8.self)).text == text)
    #expect(try JSONDecoder().decode([String].self, from: Data([0x5B] + bytes + [0x5D])) == [text])
  }

  @Test func keysThatOnlyLookEqualStayApart() throws {
    let value = try read("{\"e\u{301}\": 1, \"\u{e9}\": 2}")
    #expect(value["\u{e9}"]?.integer == 2)
    #expect(value["e\u{301}"]?.integer == 1)
  }
}
