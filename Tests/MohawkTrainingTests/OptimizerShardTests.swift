import MohawkFiles
import MohawkLayers
import MohawkRecipes
import MohawkTensor
import Testing

@testable import MohawkTraining

/// Optimisers of which each rank keeps a part, without ranks: all parts move the same parameters here.
@Suite struct OptimizerShardTests {
  @Test(arguments: [1, 2, 3, 7], [4, 16, 1000])
  func everyNumberBelongsToOneRankAndRanksHaveAlikeMany(_ ranks: Int, _ bucketSize: Int) {
    let sizes = [7, 100, 3, 1, 30, 12, 50]
    let isWhole = [false, false, false, false, true, true, false]
    let shards = OptimizerShards(sizes: sizes, isWhole: isWhole, ranks: ranks, bucketSize: bucketSize)
    var owners = sizes.map { Array(repeating: 0, count: $0) }
    for rank in 0..<ranks {
      for piece in shards.pieces(of: rank) {
        for number in piece.range { owners[piece.parameter][number] += 1 }
        #expect(!isWhole[piece.parameter] || piece.range == 0..<sizes[piece.parameter], "a matrix was cut")
      }
    }
    #expect(owners.allSatisfy { $0.allSatisfy { $0 == 1 } })
    for bucket in shards.buckets where !isWhole[bucket.pieces.flatMap { $0 }[0].parameter] {
      let counts = (0..<ranks).map { bucket.count(of: $0) }
      #expect(counts.reduce(0, +) <= bucketSize && counts.max()! - counts.min()! <= 1)
    }
  }

  @Test func oneRankHasEveryParameterInOnePiece() {
    let shards = OptimizerShards(sizes: [7, 100], isWhole: [false, false], ranks: 1, bucketSize: 16)
    #expect(shards.pieces(of: 0).map(\.range) == [0..<7, 0..<100])
  }

  /// A model, and its optimiser in as many parts as there are ranks.
  private struct Parts {
    let parameters: [Parameter]
    let optimizers: [Optimizer]

    init(_ kind: MatrixOptimizer, ranks: Int?) {
      var plan = StageRecipe(tokens: 1, batchTokens: 1, learningRate: 1, trains: .all)
      plan.optimizer = kind
      let generator = RandomGenerator(seed: 5)
      parameters = [
        ("w", [6, 4], true), ("b", [5], false), ("e", [7, 3], true), ("v", [4, 4], true), ("s", [], false),
      ]
      .map { Parameter(name: $0.0, value: generator.normal($0.1), decays: $0.2) }
      parameters[2].unit = 0.25
      let parameters = self.parameters
      optimizers = (0..<(ranks ?? 1)).map { rank in
        Optimizer(
          parameters, plan, rates: [1, 1, 0.5, 1, 1], blocks: [2, 0, 0, 1, 0],
          ranks.map { Ranks.Place(rank: rank, size: $0, address: "", port: 1) })
      }
    }

    func step(_ number: Int) {
      let generator = RandomGenerator(seed: UInt64(100 + number))
      let gradients = parameters.map { generator.normal($0.value.shape) }
      for optimizer in optimizers { optimizer.update(gradients: gradients, learningRate: 0.1, gradientScale: 0.5) }
    }

    var values: [[Float]] { parameters.map { $0.value.floats() } }
  }

  @Test(arguments: [MatrixOptimizer.adamW, .muon], [1, 2, 3, 5])
  func partsTogetherMoveAsOneOptimiserBitByBit(_ kind: MatrixOptimizer, _ ranks: Int) {
    let (whole, parts) = (Parts(kind, ranks: nil), Parts(kind, ranks: ranks))
    for step in 1...3 {
      whole.step(step)
      parts.step(step)
    }
    #expect(parts.values == whole.values)
    let bytes = parts.optimizers.map { $0.state.reduce(0) { $0 + $1.tensor.byteCount } }
    let all = whole.optimizers[0].state.reduce(0) { $0 + $1.tensor.byteCount }
    #expect(bytes.reduce(0, +) == all)
    // A matrix that Muon moves is at one rank.
    if kind == .adamW { #expect(bytes.max()! <= all / ranks + 8, "\(bytes) of \(all)") }
  }

  @Test(arguments: [MatrixOptimizer.adamW, .muon])
  func momentsGoOnBitByBitWithAnyOtherNumberOfRanks(_ kind: MatrixOptimizer) throws {
    let folder = try TemporaryFolder()
    let whole = Parts(kind, ranks: nil)
    whole.step(1)
    var before = Parts(kind, ranks: 1)
    before.step(1)
    for (step, ranks) in [(2, 3), (3, nil), (4, 2), (5, 5), (6, 1)] as [(Int, Int?)] {
      let files = try before.optimizers.enumerated().map { rank, optimizer in
        let path = folder / "\(step)-\(rank)"
        try Safetensors.write(optimizer.state, to: path)
        return try SafetensorsFile(path)
      }
      let next = Parts(kind, ranks: ranks)
      for (mine, theirs) in zip(next.parameters, before.parameters) { mine.value.assign(theirs.value) }
      for optimizer in next.optimizers { try optimizer.restore(SavedMoments(files), step: step - 1) }
      whole.step(step)
      next.step(step)
      #expect(next.values == whole.values, "step \(step)")
      before = next
    }
  }

  @Test func aMissingPartOfTheMomentsIsRefused() throws {
    let folder = try TemporaryFolder()
    let parts = Parts(.adamW, ranks: 3)
    parts.step(1)
    let files = try parts.optimizers.enumerated().map { rank, optimizer in
      try Safetensors.write(optimizer.state, to: folder / "\(rank)")
      return try SafetensorsFile(folder / "\(rank)")
    }
    for wrong in [[files[0], files[2]], [files[0], files[1], files[2], files[1]]] {
      let error = #expect(throws: MohawkError.self) {
        try Parts(.adamW, ranks: 2).optimizers[0].restore(SavedMoments(wrong), step: 1)
      }
      #expect(error?.description.contains("the tensors do not fit") == true)
    }
  }
}
