import Foundation
import MohawkReports
import Testing

@Suite(.onTwoThreads) struct ApproximateTests {
  @Test func classesAreFittedToTheHeadsOfAModel() throws {
    let place = try Workplace()
    let result = try Command.run(
      [
        "approximate", "teacher", "--data", "text.txt", "--texts", "2", "--length", "24", "--orders", "2,4", "--heads",
        "2",
        "--steps", "60", "--threads", "1", "-o", "out",
      ], in: place.folder)
    #expect(result.status == 0, "\(result.errors)")
    for part in ["zero matrix", "uniform average", "Toeplitz", "Monarch", "causal low rank", "SSD", "semiseparable"] {
      #expect(result.output.contains(part), "\(part)")
    }
    let bytes = try Data(contentsOf: URL(fileURLWithPath: place.path("out/approximation.json")))
    let report = try JSONDecoder().decode(ApproximationReport.self, from: bytes)
    #expect(
      report.heads == [
        .init(layer: 0, head: 0), .init(layer: 0, head: 2), .init(layer: 1, head: 0), .init(layer: 1, head: 2),
      ])
    #expect(
      report.rows.count == 10 && report.rows.allSatisfy { $0.errors.count == 4 && $0.mean > 0 && $0.mean <= 1.01 })
    for order in [2, 4] {
      let (ssd, general) = (
        report.rows.first { $0.name == "SSD" && $0.order == order },
        report.rows.first { $0.name == "semiseparable" && $0.order == order }
      )
      #expect(try #require(general).mean <= (try #require(ssd)).mean)
    }
    let page = try String(contentsOfFile: place.path("out/approximation.html"), encoding: .utf8)
    #expect(page.contains("Error by order"))
  }

  @Test func whatCannotBeFittedIsOneClearSentence() throws {
    let place = try Workplace()
    func refused(_ arguments: [String], _ parts: String...) throws {
      let result = try Command.run(["approximate", "teacher", "--data", "text.txt"] + arguments, in: place.folder)
      #expect(result.status == 1 && result.output.isEmpty, "\(arguments): \(result.errors)")
      for part in parts { #expect(result.errors.contains(part), "\(part): \(result.errors)") }
    }
    try refused(["--length", "128"], "--length", "64 tokens")
    try refused(["--length", "32", "--orders", "8,32"], "--orders", "order of 32")
    try refused(["--length", "32", "--orders", "8,x"], "--orders", "8,x")
    try refused(["--length", "32", "--orders", "8", "--layer", "2"], "--layer", "no layer 2")
    try refused(["--length", "32", "--orders", "8", "--heads", "5"], "--heads", "4 heads")
    try refused(["--length", "60", "--orders", "8", "--texts", "250"], "pieces of 60 tokens")
    try refused(["--steps", "0"], "--steps 0")
  }
}
