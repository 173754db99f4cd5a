import MohawkServing

/// Times the tokens of one request; used on the batch's thread only.
final class TokenClock: @unchecked Sendable {
  private let metrics: ServerMetrics
  private let model: String
  private let start = ContinuousClock.now
  private var last: [Int: ContinuousClock.Instant] = [:]

  init(_ metrics: ServerMetrics, _ model: String) {
    self.metrics = metrics
    self.model = model
  }

  func note(_ event: BatchEvent) {
    guard case .token(let choice, _, _) = event else { return }
    let now = ContinuousClock.now
    if let before = last[choice] {
      metrics.nextToken(model, after: (now - before).seconds)
    } else {
      metrics.firstToken(model, after: (now - start).seconds)
    }
    last[choice] = now
  }
}

extension Duration {
  /// As a number of seconds.
  var seconds: Double { Double(components.seconds) + Double(components.attoseconds) * 1e-18 }
}
