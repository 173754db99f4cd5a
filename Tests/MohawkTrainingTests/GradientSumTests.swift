import Foundation
import MohawkFiles
import MohawkLayers
import MohawkTensor
import Synchronization
import Testing

@testable import MohawkTraining

/// Sums of gradients over two ranks, which are two threads here.
@Suite(.serialized) struct GradientSumTests {
  /// Runs `body` as each of two ranks that have met.
  private static func together<Found: Sendable>(
    timeout: Double = 60, _ body: @escaping @Sendable (Ranks) throws -> Found
  ) throws -> [Result<Found, any Error>] {
    let port = Int.random(in: 20_000..<32_000)
    let found = Mutex([Result<Found, any Error>?](repeating: nil, count: 2))
    let ended = DispatchSemaphore(value: 0)
    for rank in 0..<2 {
      Thread {
        let result = Result {
          try body(Ranks(.init(rank: rank, size: 2, address: "127.0.0.1", port: port), timeout: timeout))
        }
        found.withLock { $0[rank] = result }
        ended.signal()
      }.start()
    }
    for _ in 0..<2 { ended.wait() }
    return found.withLock { $0.map { $0! } }
  }

  /// Layers of one vector each, and one parameter that only the first of two micro-batches reaches.
  private struct Model {
    static let size = 40
    let parameters: [Parameter]
    let input: Tensor

    init(rank: Int) {
      let generator = RandomGenerator(seed: 7)
      parameters = (0..<5).map { index in
        let value = generator.normal([Self.size])
        value.requiresGradient = true
        return Parameter(name: "layer \(index)", value: value, decays: true)
      }
      input = RandomGenerator(seed: UInt64(100 + rank)).normal([Self.size])
    }

    func loss() -> Tensor { parameters[..<4].reduce(input) { ($0 * $1.value).tanh() + $0 }.square().sum() }

    func firstMicroBatch() { (loss() * 0.5 + parameters[4].value.sum()).backward() }
  }

  private static func sum(_ ranks: Ranks, _ model: Model, _ order: [Int]?) -> GradientSum {
    let shards = OptimizerShards(
      sizes: Array(repeating: Model.size, count: 5), isWhole: Array(repeating: false, count: 5), ranks: 2,
      bucketSize: 48)
    return GradientSum(ShardExchange(ranks: ranks, shards: shards), model.parameters, order: order)
  }

  /// What each rank must have in its own pieces.
  private static func wanted() -> [[Float]] {
    let gradients = (0..<2).map { rank in
      let model = Model(rank: rank)
      model.firstMicroBatch()
      model.loss().backward()
      return model.parameters.map { $0.value.gradient!.floats() }
    }
    return zip(gradients[0], gradients[1]).map { zip($0, $1).map { $0 + $1 } }
  }

  struct Case: Sendable {
    /// Nil stands for a pass that completes nothing.
    var completes: CompletedGradients?
    var order: [Int]?
    /// Buckets that are sent while the backward pass goes on.
    var sent: Int
  }

  // Five parameters of 40 numbers, the last one first, are five buckets of 48: the last parameter is in buckets 0, the first
  // in 3 and 4.
  @Test(arguments: [
    Case(completes: .all, order: [0, 1, 2, 3, 4], sent: 5), Case(completes: .all, order: nil, sent: 0),
    Case(completes: nil, order: [0, 1, 2, 3, 4], sent: 0),
    // The parameter that is not reached is waited for in the first bucket.
    Case(completes: .reached, order: [0, 1, 2, 3, 4], sent: 0),
    Case(completes: .reached, order: [4, 3, 2, 1, 0], sent: 4),
    Case(completes: .reached, order: [1, 2, 3, 4, 0], sent: 4),
  ]) func sumsAreThoseOfTheWholeGradientsInAnyOrder(_ way: Case) throws {
    let results = try Self.together { ranks in
      let model = Model(rank: ranks.place.rank)
      let sum = Self.sum(ranks, model, way.order)
      model.firstMicroBatch()
      let sent = sum.during {
        if let completes = way.completes {
          model.loss().backward(completes: completes)
        } else {
          model.loss().backward()
        }
        return sum.sent
      }
      #expect(sent == way.sent)
      let gradients = try sum.finish()
      #expect(sum.found.sorted() == Array(0..<5))
      let pieces = sum.exchange.shards.pieces(of: ranks.place.rank)
      try ranks.meet()
      ranks.leave()
      return pieces.map { piece in (piece, gradients[piece.parameter].floats()[piece.range].map(\.bitPattern)) }
    }
    let wanted = Self.wanted()
    var numbers = 0
    for result in results {
      for (piece, bits) in try result.get() {
        #expect(bits == wanted[piece.parameter][piece.range].map(\.bitPattern))
        numbers += bits.count
      }
    }
    #expect(numbers == 5 * Model.size)
  }

  @Test func theOrderIsThatInWhichBucketsAreFound() throws {
    let orders = try Self.together { ranks in
      let model = Model(rank: ranks.place.rank)
      let sum = Self.sum(ranks, model, nil)
      model.firstMicroBatch()
      sum.during { model.loss().backward(completes: .reached) }
      _ = try sum.finish()
      try ranks.meet()
      ranks.leave()
      return sum.found
    }.map { try $0.get() }
    #expect(orders == [[1, 2, 3, 4, 0], [1, 2, 3, 4, 0]])
  }

  @Test func aRankThatSendsNothingIsNoticedInTheBackwardPassAndNamed() throws {
    let results = try Self.together(timeout: 2) { ranks in
      guard ranks.isFirst else { return Thread.sleep(forTimeInterval: 20) }
      let model = Model(rank: 0)
      let sum = Self.sum(ranks, model, [0, 1, 2, 3, 4])
      model.firstMicroBatch()
      let sent = sum.during {
        model.loss().backward(completes: .all)
        return sum.sent
      }
      // Two are on their way, and the third waits for the first.
      #expect(sent == 2)
      _ = try sum.finish()
    }
    let error = #expect(throws: MohawkError.self) { try results[0].get() }
    #expect(error?.description.contains("rank 1 of 2 does not answer any more") == true, "\(error.debugDescription)")
  }
}
