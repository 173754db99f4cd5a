import MohawkFiles
import Testing

@testable import MohawkText

@Suite struct RepeatedSpanTests {
  @Test(arguments: [16, 65, 513]) func copiesComeFromBeforeAndFillMuchOfTheSecondHalf(_ length: Int) {
    let repeats = RepeatedSpans(share: 1, seed: 7)
    var distances: Set<Int> = []
    for window in 0..<50 {
      let copies = repeats.copies(window: window, length: length)
      var free = length / 2
      for (source, target, count) in copies {
        #expect(source >= 0 && source + count <= target && target >= free && target + count <= length)
        #expect((max(2, length / 32)...max(2, length / 8)).contains(count))
        distances.insert(target - source)
        free = target + count + 1
      }
      let copied = copies.reduce(0) { $0 + $1.count }
      #expect(copied * 8 >= length, "\(copied) of \(length)")
    }
    #expect(distances.count > 5)
  }

  @Test func aShareOfTheSequencesIsRewrittenAndTheSameOnesInEveryEpoch() throws {
    let folder = try TemporaryFolder()
    var writer = TokenShardWriter(folder: folder.path, tokenizer: TokenizerGoldens.tokenizer, tokensPerShard: 999)
    try writer.append((0..<12_801).map { Int32($0) }, bytes: 12_801)
    try writer.finish()
    let shards = try TokenShards(path: folder.path)
    func batches(_ share: Double) throws -> TokenBatches {
      try TokenBatches(shards, length: 64, seed: 3, repeats: RepeatedSpans(share: share, seed: 3))
    }
    let plain = try TokenBatches(shards, length: 64, seed: 3)
    #expect(try batches(0).batch(samples: 0..<400) == plain.batch(samples: 0..<400))
    let half = try batches(0.5)
    var rows: [Int: [Int32]] = [:]
    var rewritten = 0
    for sample in 0..<400 {
      let (row, before) = (half.batch(samples: sample..<sample + 1), plain.batch(samples: sample..<sample + 1))
      let window = half.window(ofSample: sample)
      if let known = rows[window] { #expect(row == known) } else { rewritten += row == before ? 0 : 1 }
      rows[window] = row
      #expect(row.prefix(32) == before.prefix(32))
      for (index, id) in row.enumerated() where id != before[index] {
        #expect(row.firstIndex(of: id)! < index)
      }
    }
    #expect(rows.count == 200 && (70...130).contains(rewritten))
  }
}
