import MohawkLayers
import MohawkTensor

/// The sums of a step's gradients over all ranks: a bucket is sent as soon as its last gradient is complete, while the
/// backward pass goes on.
///
/// All ranks must send in the same order, whatever each finds first. It is the order in which rank 0 has found the buckets
/// in its first step of the stage; in that step nothing is sent before the backward pass has ended.
final class GradientSum {
  let exchange: ShardExchange
  private let parameters: [Parameter]
  /// Buckets in the order in which they are sent, if it is known.
  private let order: [Int]?
  /// The buckets that hold numbers of each parameter.
  private let buckets: [[Int]]
  /// Gradients that each bucket waits for.
  private var missing: [Int]
  private var gradients: [Tensor?]
  /// Buckets in the order in which their gradients were complete here.
  private(set) var found: [Int] = []
  /// How many buckets were sent.
  private(set) var sent = 0
  private var onTheirWay: [(bucket: Int, numbers: Ranks.Pending)] = []
  private var failure: (any Error)?

  /// - Parameters:
  ///   - exchange: with the other ranks.
  ///   - parameters: what moves, in the order of the exchange's shards.
  ///   - order: that of the buckets, the same on all ranks; nil if it is not known yet.
  init(_ exchange: ShardExchange, _ parameters: [Parameter], order: [Int]?) {
    self.exchange = exchange
    self.parameters = parameters
    self.order = order
    let members = exchange.shards.buckets.map { Set($0.pieces.joined().map(\.parameter)) }
    missing = members.map(\.count)
    buckets = parameters.indices.map { parameter in members.indices.filter { members[$0].contains(parameter) } }
    gradients = parameters.map { _ in nil }
  }

  /// Runs the last micro-batch of a step, and sends what is complete meanwhile.
  func during<Result>(_ body: () throws -> Result) rethrows -> Result {
    try GradientWatch.tell(of: parameters.map(\.value), complete, during: body)
  }

  /// Sends all that was not sent yet, and waits until the sums are here.
  /// - Returns: a gradient per parameter. This rank's pieces are summed; what lies in the others means nothing.
  /// - Throws: `MohawkError` when another rank fails, also if that was noticed in the backward pass.
  func finish() throws -> [Tensor] {
    try withoutGradients {
      for parameter in parameters.indices where gradients[parameter] == nil { complete(parameter) }
      if let failure { throw failure }
      try sendComplete(order ?? Array(missing.indices))
      while !onTheirWay.isEmpty { try receive() }
      return gradients.map { $0! }
    }
  }

  private func complete(_ parameter: Int) {
    guard let gradient = parameters[parameter].value.gradient else {
      preconditionFailure("\(parameters[parameter].name) moves but got no gradient")
    }
    gradients[parameter] = gradient.isContiguous ? gradient : gradient.contiguous()
    for bucket in buckets[parameter] {
      missing[bucket] -= 1
      if missing[bucket] == 0 { found.append(bucket) }
    }
    guard let order, failure == nil else { return }
    do {
      try sendComplete(order)
    } catch {
      failure = error  // a backward pass cannot be left
    }
  }

  private func sendComplete(_ order: [Int]) throws {
    while sent < order.count, missing[order[sent]] == 0 {
      while onTheirWay.count > 1 { try receive() }
      let bucket = order[sent]
      onTheirWay.append((bucket, try exchange.send(exchange.shards.buckets[bucket]) { gradients[$0]! }))
      sent += 1
    }
  }

  private func receive() throws {
    let (bucket, numbers) = onTheirWay.removeFirst()
    try exchange.receive(numbers, of: exchange.shards.buckets[bucket]) { gradients[$0]! }
  }
}
