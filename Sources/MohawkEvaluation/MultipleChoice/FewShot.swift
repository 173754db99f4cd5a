import MohawkFiles

/// Draws the examples before each question as lm_eval 0.4.13 does with its default seed.
struct FewShot {
  /// lm_eval's default `fewshot_random_seed`.
  static let seed: UInt32 = 1234

  private let count: Int
  private let pool: [TaskDocument]
  private let solved: [[UInt8]]
  private let skipsQuestion: Bool
  private var random = PythonRandom(seed: seed)

  /// - Parameters:
  ///   - count: examples before each question.
  ///   - pool: the documents to draw them from.
  ///   - format: what the documents mean.
  /// - Throws: `MohawkError` when there are too few documents, or one of them is broken.
  init(_ count: Int, from pool: [TaskDocument], _ format: ChoiceFormat) throws {
    self.count = count
    self.pool = pool
    skipsQuestion = format.examplesSkipQuestion
    let needed = count + (skipsQuestion ? 1 : 0)
    guard pool.count >= needed else {
      throw MohawkError(
        .invalidValue, "\(count) examples are drawn from \(needed) documents or more, there are \(pool.count)",
        at: pool.first?.location, remedy: "give more documents or a smaller --num-fewshot")
    }
    solved = try pool.map { try format.question($0).solved }
  }

  /// The examples before the next question; must be asked once for each, in order.
  mutating func examples(before question: TaskDocument) throws -> [UInt8] {
    guard count > 0 else { return [] }
    guard skipsQuestion else { return random.sample(count, of: pool.count).flatMap { solved[$0] } }
    var chosen = random.sample(count + 1, of: pool.count).filter { pool[$0].line != question.line }
    if chosen.count < count {
      let others = pool.indices.filter { pool[$0].line != question.line }
      guard others.count >= count else {
        throw question.fault("there are fewer than \(count) examples beside this question itself")
      }
      chosen = random.sample(count, of: others.count).map { others[$0] }
    }
    return chosen.prefix(count).flatMap { solved[$0] }
  }
}
