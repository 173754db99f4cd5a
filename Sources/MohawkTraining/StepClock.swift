/// Time spent in steps, and the speed over the last few.
struct StepClock {
  /// Seconds of all steps of the stage.
  var total = 0.0
  private var window: [(tokens: Int, seconds: Double)] = []
  private static let steps = 20

  mutating func add(tokens: Int, seconds: Double) {
    total += seconds
    window.append((tokens, seconds))
    if window.count > Self.steps { window.removeFirst() }
  }

  /// Over the last steps; evaluations and checkpoints between them do not count.
  var tokensPerSecond: Double {
    let seconds = window.reduce(0) { $0 + $1.seconds }
    return seconds > 0 ? Double(window.reduce(0) { $0 + $1.tokens }) / seconds : 0
  }
}

extension Duration {
  var seconds: Double { Double(components.seconds) + Double(components.attoseconds) * 1e-18 }
}
