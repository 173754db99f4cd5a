/// Teacher, student and frames beside each other.
public enum FrameTable {
  /// How to read it.
  public static let note =
    "On the same held-out text. Control: the teacher itself through the student's stage 3, all attention kept. Window: the "
    + "teacher with softmax over the last 64 tokens and the first 4 where the student has mixers, nothing trained. Floor: "
    + "mixers that put out nothing, random: mixers that stay random, all else through the same stage 3. What the student's "
    + "mixers do lies between floor and control."

  /// A row per model; nil where a run has no frames.
  public static func table(_ summary: EvaluationSummary) -> Table? {
    guard let frames = summary.frames else { return nil }
    var table = Table([
      .init("model"), .init("KL, nats", .right), .init("perplexity", .right), .init("same token", .right),
      .init("tokens", .right), .init("seconds", .right),
    ])
    for frame in frames {
      table.add([
        frame.name, frame.divergence.map(RunReport.cell) ?? "–", frame.perplexity.map(RunReport.cell) ?? "–",
        frame.agreement.map(RunReport.percent) ?? "–", frame.tokens.map(Number.whole) ?? "–",
        frame.seconds.map { $0 < 0.05 ? "0" : RunReport.cell($0) } ?? "–",
      ])
    }
    return table
  }
}

extension RunReport {
  /// Teacher, student and frames.
  var frameSection: Section? {
    guard let table = evaluation.flatMap(FrameTable.table) else { return nil }
    return Section(
      id: "frames", title: "Frames", body: table.html(caption: "Teacher, student and what they are compared with"),
      note: FrameTable.note)
  }
}
