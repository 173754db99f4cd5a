import MohawkCommands

/// One line on standard error that tells how far long work is: redrawn on a terminal, else a line now and then.
final class StatusLine {
  private let pause: Duration?
  private var last = ContinuousClock.now
  private var shown = ""

  /// - Parameter pause: time between lines where nothing can be redrawn; nil shows only the end of the work.
  init(every pause: Duration? = nil) { self.pause = pause }

  /// Shows a text, unless the last one has just been shown.
  func show(_ text: @autoclosure () -> String, isDone: Bool) {
    let passed = last.duration(to: .now)
    let isDue = Terminal.redraws ? passed > .milliseconds(100) : pause.map { passed > $0 } ?? false
    guard isDone || isDue else { return }
    last = .now
    if Terminal.redraws {
      clear()
      shown = String(text().prefix(max(20, Terminal.width - 1)))
      Terminal.draw(shown)
    } else {
      Terminal.complain(text())
    }
  }

  func clear() {
    if !shown.isEmpty { Terminal.draw("\r" + String(repeating: " ", count: shown.count) + "\r") }
    shown = ""
  }
}
