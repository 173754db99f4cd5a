import Foundation
@testable import MohawkText
import Testing

/// What the PyPI package `tokenizers` says, written by Scripts/goldens/tokenizer_goldens.py.
struct TokenizerGoldens: Decodable {
  struct Case: Decodable {
    let text: String
    let ids: [Int32]
    let plain: [Int32]?
  }

  let training: String
  let cases: [Case]

  static let folder = Bundle.module.resourceURL!.appendingPathComponent("Goldens").path
  static let tokenizer = try! Tokenizer(path: folder + "/tokenizer.json")
  static let all = try! JSONDecoder().decode(
    TokenizerGoldens.self, from: Data(contentsOf: URL(fileURLWithPath: folder + "/tokenizer-cases.json")))
}

@Suite struct TokenizerGoldenTests {
  let tokenizer = TokenizerGoldens.tokenizer
  let goldens = TokenizerGoldens.all

  @Test func idsEqualTheReference() {
    #expect(goldens.cases.count > 250)
    for golden in goldens.cases {
      #expect(tokenizer.encode(golden.text) == golden.ids, "\(golden.text.debugDescription)")
    }
  }

  @Test func specialTokensAsTextEqualTheReference() {
    #expect(goldens.cases.contains { $0.plain != nil })
    for golden in goldens.cases {
      let ids = tokenizer.encode(golden.text, special: .asText)
      #expect(ids == golden.plain ?? golden.ids, "\(golden.text.debugDescription)")
    }
  }

  @Test func everyBytePieceEncodingEqualsTheWhole() {
    // The golden tokenizer strips white space, so nothing may be cut; the plain one may be cut.
    let text = Array(goldens.cases.map(\.text).joined(separator: " and ").utf8)
    let plain = try! BytePairTrainer.trained(on: goldens.training, size: 500)
    for tokenizer in [tokenizer, plain] {
      let whole = tokenizer.encode(text)
      for size in [1, 7, 64, 1000] {
        var encoder = StreamingEncoder(tokenizer)
        var ids: [Int32] = []
        for start in stride(from: 0, to: text.count, by: size) {
          text[start..<min(text.count, start + size)].withUnsafeBufferPointer { encoder.append($0, into: &ids) }
        }
        encoder.finish(into: &ids)
        #expect(ids == whole)
      }
    }
  }

  @Test func trainingEqualsTheReference() throws {
    let trained = try BytePairTrainer.trained(on: goldens.training, size: 600, minimumCount: 1)
    #expect(trained.vocabularySize == 600)
    #expect((0..<600).map { trained.token($0) } == (0..<600).map { tokenizer.token($0) })
    #expect(trained.merges.pairs.map { [$0.left, $0.right] } == tokenizer.merges.pairs.map { [$0.left, $0.right] })
  }

  @Test func aWrittenTokenizerIsReadBackEqual() throws {
    let copy = try Tokenizer(json: tokenizer.json())
    #expect(copy.fingerprint == tokenizer.fingerprint)
    #expect(copy.addedTokens == tokenizer.addedTokens)
    #expect(copy.vocabularySize == tokenizer.vocabularySize)
    for golden in goldens.cases { #expect(copy.encode(golden.text) == golden.ids) }
  }

  @Test func propertiesNameTheVocabulary() {
    #expect(tokenizer.vocabularySize == 607)
    #expect(tokenizer.highestID == 606)
    #expect(tokenizer.endOfText == 0)
    #expect(tokenizer.id(of: "Ġthe").map { tokenizer.token($0) } == "Ġthe")
    #expect(tokenizer.id(of: "no such token") == nil)
    #expect(tokenizer.token(607) == nil)
    #expect(tokenizer.token(-1) == nil)
    #expect(tokenizer.fingerprint.count == 16)
  }
}

extension BytePairTrainer {
  static func trained(on text: String, size: Int, minimumCount: Int = 2) throws -> Tokenizer {
    var trainer = BytePairTrainer(minimumCount: minimumCount)
    trainer.add(text)
    return try trainer.train(vocabularySize: size)
  }
}
