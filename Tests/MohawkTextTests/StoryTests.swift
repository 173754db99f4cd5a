import Foundation
@testable import MohawkText
import Testing

@Suite struct StoryTests {
  let generator = StoryGenerator(seed: 1)

  @Test func storiesAreAFunctionOfSeedAndIndex() {
    #expect(generator.story(at: 7) == StoryGenerator(seed: 1).story(at: 7))
    #expect(generator.story(at: 7) != generator.story(at: 8))
    #expect(generator.story(at: 7) != StoryGenerator(seed: 2).story(at: 7))
    // Training runs name seeds, so a seed must tell the same stories in later versions, too.
    #expect(
      generator.story(at: 0).hasPrefix(
        "Clara lived in a small house near the castle. She had two friends, Peter and Lily."))
  }

  @Test func storiesAreShortAndVariedInFewWords() {
    let stories = (0..<3000).map { generator.story(at: $0) }
    #expect(Set(stories).count == 3000)
    let words = stories.map { $0.split { $0 == " " || $0 == "\n" } }
    #expect(words.allSatisfy { (50...250).contains($0.count) })
    let types = Set(words.joined().map { $0.filter(\.isLetter).lowercased() })
    #expect((300...500).contains(types.count), "\(types.count) word types")
  }

  @Test func everyRecalledWordWasTold() {
    for index in 0..<3000 {
      let telling = generator.telling(at: index)
      #expect(telling.recalls.count >= 2)
      let text = Array(telling.text.utf8)
      for span in telling.recalls {
        let before = String(decoding: text[..<span.lowerBound], as: UTF8.self)
        #expect(before.contains(String(decoding: text[span], as: UTF8.self)), "\(telling.text)")
      }
    }
  }

  @Test func spellingIsClean() throws {
    // "a orange jar", two spaces, a bracket left over, a sentence that starts small, a comma before a full stop.
    let mistake = try Regex(#"\b[Aa] [aeiou]|\b[Aa]n [^aeiou]|  |[\[\]]|[.?!] [a-z]|,\.|\.\.|Optional"#)
    for index in 0..<3000 {
      let story = generator.story(at: index)
      let isClean = story.firstMatch(of: mistake) == nil
      #expect(isClean, "\(story)")
      #expect(story.filter { $0 == "\"" }.count.isMultiple(of: 2), "\(story)")
      #expect(story.last == "." || story.last == "!" || story.last == "\"")
    }
  }

  @Test func aPromptGoesOnWithItsAnswer() {
    let prompts = StoryGenerator.recallPrompts(count: 500, seed: 5)
    #expect(prompts == StoryGenerator.recallPrompts(count: 500, seed: 5))
    #expect(Set(prompts.map(\.answer)).count > 50)
    for prompt in prompts {
      let answer = prompt.answer.trimmingCharacters(in: .whitespaces)
      #expect(!answer.isEmpty)
      #expect(prompt.prompt.contains(answer))
      #expect(prompt.prompt.last?.isWhitespace == false)
    }
  }

  @Test func storiesAreEncodedAsACorpus() throws {
    let folder = try TemporaryFolder()
    let source = StorySource(generator, indices: 10..<60)
    var trainer = BytePairTrainer()
    try trainer.add(source)
    let tokenizer = try trainer.train(vocabularySize: 500)
    let shards = try TokenShards.encode(source, with: tokenizer, to: folder.path + "/out")
    #expect(shards.documents == 50)
    let text = try tokenizer.decode(shards.ids(in: 0..<shards.count))
    #expect(text == (10..<60).map { generator.story(at: $0) + "<|endoftext|>" }.joined())
  }
}
