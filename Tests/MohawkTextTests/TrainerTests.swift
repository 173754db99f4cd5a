import MohawkFiles
@testable import MohawkText
import Testing

@Suite struct TrainerTests {
  @Test func aVocabularyWithoutRoomForBytesIsRefused() {
    let error = #expect(throws: MohawkError.self) { try BytePairTrainer.trained(on: "text", size: 256) }
    #expect(error?.remedy?.contains("257") == true)
  }

  @Test func noTextIsRefused() {
    let error = #expect(throws: MohawkError.self) { try BytePairTrainer.trained(on: "", size: 300) }
    #expect(error?.code == .invalidValue)
  }

  @Test func repeatedSpecialTokensAreRefused() {
    var trainer = BytePairTrainer(specialTokens: ["<a>", "<a>"])
    trainer.add("text")
    #expect(throws: MohawkError.self) { try trainer.train(vocabularySize: 300) }
  }

  @Test func trainingEndsWhenPairsAreRare() throws {
    let tokenizer = try BytePairTrainer.trained(on: "abc abd abe", size: 1000, minimumCount: 2)
    // "ab" occurs three times, " ab" twice; nothing else twice.
    #expect(tokenizer.vocabularySize == 259)
    #expect(tokenizer.id(of: "ab") == 257)
    #expect(tokenizer.id(of: "Ġab") == 258)
  }

  @Test func trainingCanBeStopped() {
    var trainer = BytePairTrainer(minimumCount: 1)
    trainer.add(TokenizerGoldens.all.training)
    let error = #expect(throws: MohawkError.self) { try trainer.train(vocabularySize: 600, shouldStop: { true }) }
    #expect(error?.code == .interrupted)
  }

  @Test func countsStayRightThroughRunsAndOverlaps() throws {
    // Against counting all pairs afresh before each merge.
    var random = SeededGenerator(seed: 8)
    for _ in 0..<30 {
      let text = (0..<200).map { _ in ["a", "a", "b", "c", " "][random.next(below: 5)] }.joined()
      let tokenizer = try BytePairTrainer.trained(on: text, size: 290, minimumCount: 2)
      #expect(tokenizer.merges.pairs.map { [$0.left, $0.right] } == slowMerges(text, 290 - 257), "\(text)")
    }
  }

  private func slowMerges(_ text: String, _ wanted: Int) -> [[Int32]] {
    let bytes = Array(text.utf8)
    var words: [[Int32]] = []
    bytes.withUnsafeBufferPointer { buffer in
      let scanner = CharacterScanner(buffer.baseAddress!, end: buffer.count)
      var start = 0
      while start < buffer.count {
        let end = GPT2Words.wordEnd(scanner, from: start)
        words.append(buffer[start..<end].map { Int32(ByteAlphabet.ascending.firstIndex(of: $0)! + 1) })
        start = end
      }
    }
    var spelled = ByteAlphabet.ascending.map { [$0] }
    var merges: [[Int32]] = []
    while spelled.count < 256 + wanted {
      var counts: [[Int32]: Int] = [:]
      for word in words {
        for index in 0..<max(0, word.count - 1) { counts[[word[index], word[index + 1]], default: 0] += 1 }
      }
      let best = counts.filter { $0.value >= 2 }.min {
        ($1.value, $0.key[0], $0.key[1]) < ($0.value, $1.key[0], $1.key[1])
      }
      guard let pair = best?.key else { break }
      let token = spelled[Int(pair[0]) - 1] + spelled[Int(pair[1]) - 1]
      if !spelled.contains(token) { spelled.append(token) }
      let id = Int32(spelled.firstIndex(of: token)! + 1)
      merges.append(pair)
      for index in words.indices {
        var position = 0
        while position + 1 < words[index].count {
          if Array(words[index][position...position + 1]) == pair {
            words[index].replaceSubrange(position...position + 1, with: [id])
          }
          position += 1
        }
      }
    }
    return merges
  }
}
