import MohawkFiles
import MohawkText
import Testing

@Suite struct TokenBatchTests {
  let folder = try! TemporaryFolder()

  /// Shards that count 0, 1, 2, ... so that a token tells its place.
  private func counting(_ count: Int) throws -> TokenShards {
    var writer = TokenShardWriter(folder: folder.path, tokenizer: TokenizerGoldens.tokenizer, tokensPerShard: 37)
    try writer.append((0..<Int32(count)).map { $0 }, bytes: count)
    try writer.finish()
    return try TokenShards(path: folder.path)
  }

  @Test func eachWindowComesOnceAnEpoch() throws {
    let batches = try TokenBatches(try counting(205), length: 10, seed: 3)
    #expect(batches.windows == 20)
    for epoch in 0..<3 {
      let rows = (0..<20).map { batches.batch(samples: epoch * 20 + $0..<epoch * 20 + $0 + 1) }
      #expect(rows.allSatisfy { row in row == Array(row[0]...row[0] + 10) })
      #expect(rows.map { $0[0] }.sorted() == (0..<20).map { $0 * 10 })
    }
  }

  @Test func theOrderIsAFunctionOfSeedAndStep() throws {
    let shards = try counting(500)
    let batches = try TokenBatches(shards, length: 7, seed: 3)
    let again = try TokenBatches(shards, length: 7, seed: 3)
    // Step 13 needs none of the steps before; rows of a step may be split over workers.
    #expect(batches.batch(step: 13, rows: 4) == again.batch(step: 13, rows: 4))
    #expect(batches.batch(samples: 52..<54) + batches.batch(samples: 54..<56) == again.batch(step: 13, rows: 4))
    #expect(batches.batch(step: 0, rows: 0) == [])
    let other = try TokenBatches(shards, length: 7, seed: 4)
    #expect(batches.batch(step: 0, rows: 8) != other.batch(step: 0, rows: 8))
    #expect((0..<71).map { batches.window(ofSample: $0) } != (71..<142).map { batches.window(ofSample: $0) })
    #expect(batches.batch(step: 0, rows: 1)[0] == Int32(batches.window(ofSample: 0) * 7))
  }

  @Test func tokensBeforeTheStartAreHeldOut() throws {
    let shards = try counting(200)
    let batches = try TokenBatches(shards, length: 10, seed: 1, from: 50)
    #expect(batches.windows == 14)
    #expect((0..<28).allSatisfy { batches.batch(samples: $0..<$0 + 1).min()! >= 50 })
    let heldOut = try HeldOutWindows(shards, length: 10, tokens: 50)
    #expect(heldOut.map { $0[0] } == [0, 10, 20, 30])
    #expect(heldOut.map { $0[10] } == [10, 20, 30, 40])
    #expect(heldOut.allSatisfy { $0.count == 11 && $0.max()! < 50 })
  }

  @Test func tooLittleTextIsRefused() throws {
    let shards = try counting(10)
    let error = #expect(throws: MohawkError.self) { try TokenBatches(shards, length: 10, seed: 0) }
    #expect(error?.message == "there are 10 tokens, but one sequence of length 10 requires 11")
    #expect(throws: MohawkError.self) { try TokenBatches(shards, length: 5, seed: 0, from: 20) }
    #expect(throws: MohawkError.self) { try HeldOutWindows(shards, length: 5, tokens: 5) }
    #expect(try TokenBatches(shards, length: 9, seed: 0).windows == 1)
  }
}
