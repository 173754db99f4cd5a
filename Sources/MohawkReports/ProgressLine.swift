import Foundation
import MohawkRecipes

/// Shows a run while it trains.
///
/// On a terminal one line is redrawn at most ten times a second; elsewhere plain lines appear every ten seconds and at
/// every tenth of a stage, without control characters.
public final class ProgressLine: TrainingListener {
  /// Where the lines are shown.
  public enum Style {
    /// Redraws one line; the closure tells the terminal's columns before each drawing.
    case terminal(width: () -> Int)
    /// Writes whole lines.
    case plain
  }

  private let style: Style
  private let now: () -> Double
  private let write: (String) throws -> Void
  private var lastDrawn = -Double.infinity
  private var lastTenth = -1
  private var lineIsOpen = false
  /// Exponential mean of the stage's losses, and the weight it has gathered.
  private var loss = (mean: 0.0, weight: 0.0)

  /// - Parameters:
  ///   - style: how lines are shown.
  ///   - now: seconds that never run backwards.
  ///   - write: takes the text as it is to be shown.
  public init(
    _ style: Style, now: @escaping () -> Double = { ProcessInfo.processInfo.systemUptime },
    write: @escaping (String) throws -> Void
  ) {
    self.style = style
    self.now = now
    self.write = write
  }

  /// Shows progress on `handle`, such as standard error. Where nobody sees it, as on a terminal that was closed, the run
  /// goes on to what it has to do.
  public convenience init(_ style: Style, on handle: FileHandle) {
    self.init(style) { try? handle.write(contentsOf: Data($0.utf8)) }
  }

  /// Shows the event.
  public func receive(_ event: TrainingEvent) throws {
    switch event {
    case .started, .checkpointed, .ended: try closeLine()
    case .stageStarted(let stage, _, let steps, let tokens):
      loss = (0, 0)
      lastDrawn = -Double.infinity
      lastTenth = -1
      try say("\(stage.title): \(Number.whole(steps)) steps, \(Number.count(tokens)) tokens")
    case .step(let record): try show(record)
    case .evaluated(let record):
      let values = record.values.map { "\($0.name) \(Number.short($0.value))" }.joined(separator: ", ")
      try say("  \(record.stage.rawValue) step \(Number.whole(record.stageStep)): \(values)")
    case .stageEnded(let stage, _, let seconds, let tokens):
      let mean = loss.weight > 0 ? ", loss \(Number.short(loss.mean / loss.weight))" : ""
      try say("\(stage.title) took \(Number.duration(seconds)) for \(Number.count(tokens)) tokens\(mean)")
    }
  }

  private func show(_ record: StepRecord) throws {
    // The mean of about the last twenty steps, unbiased at the start; a NaN is shown, not averaged.
    if record.loss.isFinite { loss = (loss.mean * 0.95 + record.loss, loss.weight * 0.95 + 1) }
    let smoothed = record.loss.isFinite ? loss.mean / loss.weight : record.loss
    let time = now()
    let isLast = record.stageStep >= record.stageSteps
    switch style {
    case .terminal(let width):
      guard isLast || time - lastDrawn >= 0.1 else { return }
      lastDrawn = time
      lineIsOpen = true
      try write("\r" + Self.line(record, loss: smoothed, columns: max(20, width()) - 1) + "\u{1B}[K")
    case .plain:
      let tenth = record.stageSteps > 0 ? record.stageStep * 10 / record.stageSteps : 0
      guard isLast || tenth > lastTenth || time - lastDrawn >= 10 else { return }
      lastTenth = tenth
      lastDrawn = time
      try write(Self.line(record, loss: smoothed, columns: nil) + "\n")
    }
  }

  /// Writes a line of its own, below a line that is being redrawn.
  private func say(_ text: String) throws {
    try closeLine()
    try write(text + "\n")
  }

  private func closeLine() throws {
    if lineIsOpen { try write("\n") }
    lineIsOpen = false
  }
}
