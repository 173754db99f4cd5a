import MohawkRecipes
import Testing

@Suite struct TimeSpanTests {
  @Test(arguments: [
    ("90m", 5_400.0), ("1h30m", 5_400), ("1.5h", 5_400), ("2d", 172_800), ("45s", 45), ("1d2h3m4.5s", 93_784.5),
  ]) func timesAreRead(_ text: String, _ seconds: Double) { #expect(TimeSpan(text)?.seconds == seconds) }

  @Test(arguments: ["", "90", "m", "soon", "1m1h", "1h1h", "-1h", "0s", "1 h", "1.2.3h", "1e3s", "\u{0663}h", "1w"])
  func whatIsNoTimeIsNone(_ text: String) { #expect(TimeSpan(text) == nil) }
}
