import MohawkRecipes

extension ProgressLine {
  /// One step as a line of at most `columns` columns: what matters least goes first when it is narrow.
  /// `nil` means as long as it needs, without a bar.
  static func line(_ record: StepRecord, loss: Double, columns: Int?) -> String {
    let steps = Number.whole(record.stageSteps)
    let step = Number.whole(record.stageStep)
    let count = String(repeating: " ", count: max(0, steps.count - step.count)) + step + "/" + steps
    // From the least to the most important; what stays is shown in the order of `place`.
    let parts: [(place: Int, text: String)] = [
      (5, Number.memory(record.memoryMiB)),
      (3, "lr \(Number.exponent(record.learningRate))"),
      (4, "\(Number.count(record.tokensPerSecond.isFinite ? Int(min(record.tokensPerSecond, 1e15)) : 0)) tok/s"),
      (6, "ETA \(Number.duration(record.eta))"),
      (0, record.stage.rawValue),
      (2, "loss \(Number.short(loss))"),
      (1, count),
    ]
    func joined(_ parts: ArraySlice<(place: Int, text: String)>) -> String {
      parts.sorted { $0.place < $1.place }.map(\.text).joined(separator: "  ")
    }
    guard let columns else { return joined(parts[...]) }
    var shown = parts[...]
    while shown.count > 1, joined(shown).displayWidth > columns { shown.removeFirst() }
    let text = joined(shown)
    let room = columns - text.displayWidth - 2
    guard room >= 8, shown.count > 3 else { return text.fitted(to: columns) }
    let fraction = record.stageSteps > 0 ? Double(record.stageStep) / Double(record.stageSteps) : 0
    let head = shown.filter { $0.place < 2 }
    let tail = shown.filter { $0.place >= 2 }
    return joined(head[...]) + "  " + bar(fraction, width: min(room, 24)) + "  " + joined(tail[...])
  }

  /// A bar in eighths of a column.
  static func bar(_ fraction: Double, width: Int) -> String {
    let eighths = Int((min(max(fraction, 0), 1) * Double(width * 8)).rounded())
    let full = String(repeating: "█", count: eighths / 8)
    let part = eighths % 8 == 0 ? "" : String(Array(" ▏▎▍▌▋▊▉")[eighths % 8])
    return full + part + String(repeating: "░", count: width - full.count - part.count)
  }
}
