import MohawkDecoding
import MohawkMixers
import MohawkModels
import MohawkTensor
import MohawkText
import Testing

@testable import MohawkServing

/// A state of any size that remembers nothing.
private final class SizedState: MixerState {
  let position: Int
  let byteCount: Int

  init(_ position: Int, _ byteCount: Int) { (self.position, self.byteCount) = (position, byteCount) }

  var tensors: [(name: String, tensor: Tensor)] { [] }
  func copy(by copy: (Tensor) -> Tensor) -> any MixerState { SizedState(position, byteCount) }
  func restore(_ tensors: [Tensor], position: Int) {}

  static func model(_ position: Int, _ byteCount: Int) -> ModelState {
    ModelState(layers: [SizedState(position, byteCount)])
  }
}

/// What a prefix cache must do, the obvious way: a list of all texts.
private struct ObviousCache {
  let budget: Int
  var entries: [(ids: [Int32], bytes: Int, used: Int)] = []
  var clock = 0

  var byteCount: Int {
    var beginnings: Set<[Int32]> = []
    for entry in entries { for end in entry.ids.indices { beginnings.insert(Array(entry.ids[...end])) } }
    return 4 * beginnings.count + entries.reduce(0) { $0 + $1.bytes }
  }

  mutating func insert(_ ids: [Int32], _ bytes: Int) {
    guard bytes + 4 * ids.count <= budget else { return }
    clock += 1
    if let index = entries.firstIndex(where: { $0.ids == ids }) {
      entries[index].used = clock
      return
    }
    entries.append((ids, bytes, clock))
    while byteCount > budget { entries.remove(at: entries.indices.min { entries[$0].used < entries[$1].used }!) }
  }

  mutating func longest(_ ids: [Int32]) -> Int? {
    let fitting = entries.indices.filter { entries[$0].ids.count < ids.count && ids.starts(with: entries[$0].ids) }
    guard let best = fitting.max(by: { entries[$0].ids.count < entries[$1].ids.count }) else { return nil }
    clock += 1
    entries[best].used = clock
    return entries[best].ids.count
  }
}

@Suite struct PrefixCacheTests {
  @Test func itDoesWhatAListOfTextsWouldDo() {
    var random = SeededGenerator(seed: 5)
    for budget in [0, 60, 150, 400, 2_000] {
      let cache = PrefixCache(byteBudget: budget)
      var obvious = ObviousCache(budget: budget)
      for _ in 0..<600 {
        let ids = (0..<(1 + random.next(below: 9))).map { _ in Int32(random.next(below: 2)) }
        if random.next(below: 2) == 0 {
          let bytes = random.next(below: 90)
          cache.insert(ids, SizedState.model(ids.count, bytes))
          obvious.insert(ids, bytes)
        } else {
          let found = cache.longest(ids)
          #expect(found?.count == obvious.longest(ids) && found?.state.position == found?.count)
        }
        #expect(cache.byteCount == obvious.byteCount && cache.byteCount <= budget)
        #expect(cache.count == obvious.entries.count)
      }
    }
  }

  @Test func theBudgetIsHeldToTheByte() {
    let cache = PrefixCache(byteBudget: 3 * 100 + 4 * 6)
    cache.insert([1, 2], SizedState.model(2, 100))
    cache.insert([1, 2, 3, 4], SizedState.model(4, 100))
    cache.insert([5, 6], SizedState.model(2, 100))
    #expect(cache.count == 3 && cache.byteCount == cache.byteBudget)
    // One token more is one state less: the one that was not used for longest.
    #expect(cache.longest([1, 2, 9])?.count == 2)
    cache.insert([5, 6, 7], SizedState.model(3, 0))
    #expect(cache.count == 3 && cache.longest([1, 2, 3, 4, 5])?.count == 2)
    cache.insert([8], SizedState.model(1, 321))
    #expect(cache.longest([1, 2, 9])?.count == 2)
    cache.removeAll()
    #expect(cache.count == 0 && cache.byteCount == 0 && cache.longest([1, 2, 9]) == nil)
  }

  @Test func aTokenRemainsToBeRead() {
    let cache = PrefixCache(byteBudget: 1_000)
    cache.insert([1, 2, 3], SizedState.model(3, 10))
    #expect(cache.longest([1, 2, 3]) == nil && cache.longest([1, 2]) == nil && cache.longest([Int32]()) == nil)
    #expect(cache.longest([1, 2, 3, 4])?.count == 3 && cache.longest([1, 2, 4, 4]) == nil)
  }

  @Test(arguments: ModelKind.allCases) func whatIsKeptDoesNotChangeWithItsUse(_ kind: ModelKind) {
    let engine = DecodingEngine(kind.model())
    let cache = PrefixCache(byteBudget: 1 << 24)
    let ids = (0..<20).map { Int32($0 * 11 % 300) }
    let state = engine.emptyState()
    _ = engine.read(ids, state)
    cache.insert(ids, state)
    let plain = engine.step([7], [state]).copy()
    for _ in 0..<3 {
      let found = cache.longest(ids + [7])!
      #expect(engine.step([7], [found.state]).isIdentical(to: plain))
      _ = engine.read([1, 2, 3, 4, 5, 6, 7, 8, 9], found.state)
    }
  }

  @Test(arguments: ModelKind.allCases) func resultsAreTheSameBitForBitWhateverIsKnown(_ kind: ModelKind) {
    let engine = DecodingEngine(kind.model(maxLength: 128))
    let cache = PrefixCache(byteBudget: 1 << 26, every: 16)
    var random = SeededGenerator(seed: 3)
    let trunk = (0..<60).map { _ in Int32(random.next(below: 300)) }
    var reused = 0
    for _ in 0..<8 {
      let kept = random.next(below: 60)
      let tail = (0..<(1 + random.next(below: 40))).map { _ in Int32(random.next(below: 300)) }
      let ids = Array(trunk.prefix(kept)) + tail
      let warm = cache.read(ids, borders: [7], with: engine)
      let (warmLogits, warmState) = (warm.logits.copy(), warm.state)
      let cold = PrefixCache(byteBudget: 0, every: 16).read(ids, borders: [7], with: engine)
      #expect(warmLogits.isIdentical(to: cold.logits) && cold.reused == 0)
      for (one, other) in zip(warmState.tensors, cold.state.tensors) {
        #expect(one.tensor.isIdentical(to: other.tensor))
      }
      // Without a cache everything is read at once: the same but for rounding.
      let state = engine.emptyState()
      #expect(engine.read(ids, state).error(from: warmLogits) < 1e-4)
      #expect(warmState.position == ids.count && state.position == ids.count)
      reused += warm.reused
    }
    #expect(reused > 60)
  }

  @Test func aTextThatIsContinuedIsNotReadAgain() throws {
    let engine = DecodingEngine(ModelKind.hybrid.model(maxLength: 128))
    let cache = PrefixCache(byteBudget: 1 << 24, every: 8)
    let generator = try TextGenerator(engine, TextGeneratorTests.tokenizer, cache: cache)
    let plain = try TextGenerator(engine, TextGeneratorTests.tokenizer)
    var options = SamplingOptions()
    options.temperature = 0
    let first = try generator.generate(TextGeneratorTests.prompt, limit: 5, options: options)
    let second = try generator.generate(TextGeneratorTests.prompt + first.text, limit: 5, options: options)
    #expect(first.promptTokens > 8 && second.promptTokens < first.promptTokens)
    #expect(first.tokens == (try plain.generate(TextGeneratorTests.prompt, limit: 5, options: options)).tokens)
    let longer = try plain.generate(TextGeneratorTests.prompt + first.text, limit: 5, options: options)
    #expect(second.tokens == longer.tokens)
  }
}
