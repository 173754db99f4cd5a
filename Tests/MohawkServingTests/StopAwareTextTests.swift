import MohawkText
import Testing

@testable import MohawkServing

@Suite struct StopAwareTextTests {
  /// What is shown piece by piece, then at the end.
  private func shown(_ pieces: [String], stops: [String]) -> (pieces: [String], text: String, stopped: Bool) {
    var text = StopAwareText(stops: stops)
    var result: [String] = []
    for piece in pieces {
      let (part, stopped) = text.append(piece)
      result.append(part)
      if stopped { return (result, text.text, true) }
    }
    result.append(text.finish(""))
    return (result, text.text, text.hasStopped)
  }

  @Test func textWithoutStopsPassesThrough() {
    let found = shown(["one ", "two", " three"], stops: [])
    #expect(found.pieces == ["one ", "two", " three", ""] && found.text == "one two three" && !found.stopped)
    #expect(shown(["a"], stops: [""]).pieces == ["a", ""])
  }

  @Test func aStopStringIsFoundAcrossPieces() {
    let found = shown(["say ", "E", "N", "D now"], stops: ["END"])
    #expect(found.pieces == ["say ", "", "", ""] && found.text == "say " && found.stopped)
  }

  @Test func whatMightBeAStopStringIsHeldBackUntilItIsNot() {
    let found = shown(["aE", "N", "x", "E"], stops: ["END"])
    #expect(found.pieces == ["a", "", "ENx", "", "E"] && found.text == "aENxE" && !found.stopped)
  }

  @Test func aStartInsideAStartIsNotForgotten() {
    #expect(shown(["a", "a", "a", "b", "c"], stops: ["aab"]).text == "a")
    #expect(shown(["ababab", "ac"], stops: ["ababac"]).text == "ab")
  }

  @Test func theStopStringThatBeginsFirstCounts() {
    #expect(shown(["one two"], stops: ["two", "ne"]).text == "o")
    #expect(shown(["x\n", "\nUser:"], stops: ["\nUser:", "\n\n"]).text == "x")
  }

  @Test func aStopStringInTheLastPieceIsFound() {
    var text = StopAwareText(stops: ["end"])
    #expect(text.append("an en").0 == "an ")
    #expect(text.finish("d of it") == "" && text.hasStopped && text.text == "an ")
  }

  @Test func lineEndsAndMarksDoNotHideAStopString() {
    #expect(shown(["one\r\ntwo"], stops: ["\n"]).text == "one\r")
    #expect(shown(["one\r", "\ntwo"], stops: ["\n"]).text == "one\r")
    #expect(shown(["cafe\u{301} x"], stops: ["e"]).text == "caf")
    #expect(shown(["👩", "\u{200D}", "👧 tail"], stops: [" tail"]).text == "👩\u{200D}👧")
  }

  /// Every way to cut a text gives the text before its first stop string, and no part of it is shown too early.
  @Test(arguments: ["abcabdabcabe", "aaaaab", "xyz", "abab", "ééêé"]) func cutsDoNotMatter(_ whole: String) {
    let stops = ["abe", "aab", "êé"]
    let characters = Array(whole)
    let ends = stops.compactMap { whole.firstRange(of: $0)?.lowerBound }
    let wanted = String(whole[..<(ends.min() ?? whole.endIndex)])
    for cuts in 0..<(1 << (characters.count - 1)) {
      var pieces = [String(characters[0])]
      for (index, character) in characters.enumerated().dropFirst() {
        if cuts >> (index - 1) & 1 == 1 { pieces.append("") }
        pieces[pieces.count - 1].append(character)
      }
      let found = shown(pieces, stops: stops)
      #expect(found.text == wanted && found.pieces.joined() == wanted, "\(pieces)")
      #expect(found.stopped == !ends.isEmpty)
    }
  }

  @Test func randomTextsStopWhereSearchingAllOfThemSays() {
    var generator = SeededGenerator(seed: 3)
    func word(_ longest: Int) -> String {
      let length = Int.random(in: 1...longest, using: &generator)
      return String((0..<length).map { _ in Bool.random(using: &generator) ? "a" : "b" })
    }
    for _ in 0..<2_000 {
      let stops = (0..<3).map { _ in word(6) }
      let pieces = (0..<8).map { _ in word(3) }
      let found = shown(pieces, stops: stops)
      var whole = ""
      var end: String.Index?
      for piece in pieces where end == nil {
        whole += piece
        end = stops.compactMap { whole.firstRange(of: $0)?.lowerBound }.min()
      }
      let wanted = String(whole[..<(end ?? whole.endIndex)])
      #expect(found.text == wanted && found.pieces.joined() == wanted && found.stopped == (end != nil), "\(pieces)")
    }
  }

  /// A client chooses the stop strings; whoever else is being answered must not wait for them.
  @Test(.timeLimit(.minutes(5))) func longStopStringsThatAlmostComeCostLittle() {
    let stops = "bcdefghijklmnopq".map { String(repeating: "a", count: 1_000) + String($0) }
    var text = StopAwareText(stops: stops)
    for _ in 0..<50_000 { #expect(!text.append("a").stopped) }
    #expect(text.text.utf8.count == 49_000)
    #expect(text.append("q").stopped && text.text.utf8.count == 49_000)
  }
}
