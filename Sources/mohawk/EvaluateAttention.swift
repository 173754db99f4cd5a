import Foundation
import MohawkCommands
import MohawkDistillation
import MohawkFiles
import MohawkModels
import MohawkReports
import MohawkRuns
import MohawkTensor
import MohawkText

/// The part of `mohawk evaluate` that looks at what a Transformer's attention does.
struct EvaluateAttention {
  let model: Decoder
  let tokenizer: Tokenizer
  let data: [String]
  let options: CorpusOptions
  let length: Int
  let tokens: Int
  let device: Device
  let json: String?

  func run() throws {
    guard length > 1 else {
      throw MohawkError(
        .invalidValue, "--length is \(length), and attention looks back from the second token on",
        remedy: "give 2 or more")
    }
    let text = try HeldOutText(
      data, tokenizer, options: options, length: length, tokens: tokens, vocabulary: model.vocabulary,
      device: device)
    text.notices.forEach(Terminal.complain)
    model.freeze()
    let line = StatusLine()
    defer { line.clear() }
    let ids = text.windows.map { $0.narrowed(1, from: 0, length: length) }
    let facts = try AttentionFacts.measure(model, ids) { done, layers in
      line.show("layer \(done) of \(layers)", isDone: false)
    }
    line.clear()
    Terminal.say("\(facts.sequences) sequences of \(length) tokens")
    Terminal.say(Self.table(facts).text)
    Terminal.say(Self.note)
    if let json {
      let url = URL(fileURLWithPath: json)
      try RunReport.save(facts, as: url.lastPathComponent, in: url.deletingLastPathComponent().path)
    }
  }

  /// Facts of a layer in the order of the table's columns.
  private static var columns: [(title: String, value: (LayerFacts) -> Double?)] {
    [
      ("sink", { $0.mean(\.sink) }), ("look-back", { $0.mean(\.lookBack) }),
      ("without 0", { $0.mean(\.lookBackWithoutFirst) }), ("entropy", { $0.mean(\.entropy) }),
      ("diagonal", { $0.mean(\.diagonal) }), ("σ scores", { $0.mean(\.scoreDeviation) }),
      ("‖v₀‖", { $0.mean(\.firstValue) }), ("quiet", { $0.mean(\.quietShare) }),
      ("window: matrix", \.windowMatrixError), ("weighted", \.windowWeightedError), ("output", \.windowOutputError),
      ("uniform: output", \.uniformOutputError),
    ]
  }

  /// A row per layer, and the mean of all.
  static func table(_ facts: AttentionFacts) -> Table {
    var table = Table([.init("layer", .right)] + columns.map { .init($0.title, .right) })
    func cell(_ value: Double?) -> String { value.map(Number.short) ?? "–" }
    for layer in facts.layers { table.add(["\(layer.layer)"] + columns.map { cell($0.value(layer)) }) }
    let means = columns.map { column -> Double? in
      let values = facts.layers.compactMap(column.value)
      return values.isEmpty ? nil : values.reduce(0, +) / Double(values.count)
    }
    table.add(["mean"] + means.map(cell))
    return table
  }

  private static let note = """
    Means over heads. Sink: weight of the first token. Look-back in tokens, also without the weight of token 0; entropy in nats.
    σ scores: deviation of scale · q·k. ‖v₀‖: in shares of the other values' mean. Quiet: share of ‖P‖² in columns whose
    values are shorter than half of the mean. Window, uniform: errors of the best exponential window of each head and of
    an average; a mixer that puts out nothing has 1.
    """
}
