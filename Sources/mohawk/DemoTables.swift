import Foundation
import MohawkReports

/// What every stage took.
enum StageTable {
  static func text(_ stages: [StageSummary]) -> String {
    var table = Table([
      .init("stage"), .init("tokens", .right), .init("seconds", .right), .init("tokens/s", .right),
      .init("first loss", .right), .init("last loss", .right),
    ])
    for stage in stages {
      table.add([
        stage.stage.title, "\(stage.tokens)", String(format: "%.1f", stage.seconds),
        String(format: "%.0f", Double(stage.tokens) / stage.seconds), String(format: "%.3f", stage.firstLoss),
        String(format: "%.3f", stage.lastLoss),
      ])
    }
    return table.text
  }
}

/// What the next token costs at different lengths of context.
enum DecodeTable {
  static func text(_ costs: [DecodeCost]) -> String {
    var table = Table([
      .init("decoding"), .init("context", .right), .init("ms per token", .right), .init("state, MiB", .right),
    ])
    for cost in costs {
      table.add([
        cost.model, "\(cost.context)", String(format: "%.2f", cost.millisecondsPerToken),
        cost.stateMiB.map { String(format: "%.2f", $0) } ?? "",
      ])
    }
    return table.text
  }
}

/// The same prompt continued by both.
enum SampleText {
  static func text(_ sample: TextSample) -> String {
    """
    prompt    \(sample.prompt)
    teacher   …\(sample.teacher)
    student   …\(sample.student)

    """
  }
}
