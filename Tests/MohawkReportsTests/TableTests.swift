import Testing

@testable import MohawkReports

@Suite struct TableTests {
  private func table(_ rows: [[String]]) -> Table {
    var table = Table([.init("Name"), .init("Value", .right)])
    for row in rows { table.add(row) }
    return table
  }

  @Test func columnsAreAligned() {
    #expect(
      table([["a", "1"], ["long name", "1,000"]]).text == """
        Name       Value
        ─────────  ─────
        a              1
        long name  1,000

        """)
  }

  @Test func wideAndCombiningCharactersKeepTheColumns() {
    let lines = table([["雪国", "1"], ["e\u{301}é", "2"], ["🦅", "3"], ["a\tb\u{1B}[31m", "4"]]).text.split(
      separator: "\n")
    #expect(Set(lines.map(\.displayWidth)).count == 1)
    #expect(!lines.joined().contains("\u{1B}"))
  }

  @Test func htmlIsEscaped() {
    let html = table([["<script>\"&'", "\u{0}"]]).html(caption: "<c>")
    #expect(html.contains("&lt;script&gt;&quot;&amp;&#39;") && html.contains("&lt;c&gt;"))
    #expect(!html.contains("<script>") && !html.contains("\u{0}"))
  }
}

@Suite struct NumberTests {
  @Test(arguments: [
    (0.0, "0"), (1.5, "1.500"), (12.345, "12.35"), (123.456, "123.5"), (1234.5, "1,234"), (0.00012, "1.2e-4"),
    (-0.5, "-0.5000"), (1e9, "1.0e9"), (.nan, "nan"), (.infinity, "∞"),
  ])
  func shortNumbersHaveFewDigits(value: Double, text: String) { #expect(Number.short(value) == text) }

  @Test func countsAndDurationsReadWell() {
    #expect(Number.count(999) == "999" && Number.count(2_760_000_000) == "2.76B" && Number.count(80_000_000) == "80.0M")
    #expect(
      Number.duration(42) == "0:42" && Number.duration(11_225) == "3:07:05" && Number.duration(187_800) == "2d 04:10")
    #expect(Number.duration(.nan) == "–" && Number.duration(-1) == "–" && Number.duration(1e300) == "–")
    #expect(Number.whole(-1_234_567) == "-1,234,567" && Number.whole(123) == "123")
  }
}
