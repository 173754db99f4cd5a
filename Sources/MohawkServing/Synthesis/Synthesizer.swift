import Foundation
import MohawkDecoding
import MohawkFiles
import MohawkModels
import MohawkTensor
import MohawkText

/// Writes documents with a model, many at a time.
///
/// Document `i` is a function of the model, the options, its prompt and `i` alone: it does not depend on how many others
/// are written beside it, in which order they end, or on the number of threads.
public final class Synthesizer {
  /// What computes.
  public let engine: DecodingEngine
  /// What gives tokens their text.
  public let tokenizer: Tokenizer
  private let ends: Set<Int32>
  private let options: SamplingOptions
  private let length: Int
  private let capacity: Int
  private let rows: LogitRows
  private var documents: [OpenDocument] = []

  /// - Parameters:
  ///   - engine: of the model.
  ///   - tokenizer: the model's.
  ///   - ends: ids that end a text beside those that the model's configuration and the tokenizer name.
  ///   - options: how tokens are chosen; the seed is that of the whole.
  ///   - length: tokens of a document at most.
  ///   - capacity: documents that are written at a time.
  /// - Throws: `MohawkError` when the tokenizer does not fit the model, or an option is out of its range.
  public init(
    _ engine: DecodingEngine, _ tokenizer: Tokenizer, ends: [Int32] = [], options: SamplingOptions, length: Int,
    capacity: Int
  ) throws {
    precondition(length > 0 && capacity > 0, "\(length) tokens a document, \(capacity) at a time")
    try options.validate()
    try tokenizer.requireFit(rows: engine.vocabulary)
    (self.engine, self.tokenizer, self.options) = (engine, tokenizer, options)
    (self.length, self.capacity) = (length, capacity)
    self.ends = Prompt.ends(ends, engine.model, tokenizer)
    rows = LogitRows(tokenizer)
  }

  /// Documents that are being written.
  public var openCount: Int { documents.count }
  /// Tokens that they have so far.
  public var openTokens: Int { documents.reduce(0) { $0 + $1.made } }
  /// Whether one more can be begun.
  public var hasRoom: Bool { documents.count < capacity }

  /// The seed of a document.
  public static func seed(_ seed: UInt64, of index: Int) -> UInt64 {
    SeededGenerator(seed: seed, stream: UInt64(index)).seed
  }

  /// Begins a document; its first token comes with the next step.
  /// - Throws: `MohawkError` when the prompt leaves no room in the model.
  public func begin(_ index: Int, _ prompt: SynthesisPrompt) throws {
    precondition(!prompt.ids.isEmpty && hasRoom, "a document without a beginning, or too many at a time")
    try tokenizer.requireRows(prompt.ids, rows: engine.vocabulary)
    if let longest = engine.maxLength, prompt.ids.count > longest {
      throw MohawkError(
        .outOfRange, "the prompt of document \(index) has \(prompt.ids.count) tokens, the model looks at \(longest)",
        remedy: "shorten the prompt")
    }
    var options = options
    options.seed = Self.seed(self.options.seed, of: index)
    let state = engine.emptyState()
    // All but the last token; that one goes with the step of all documents.
    if prompt.ids.count > 1 { _ = engine.read(Array(prompt.ids.dropLast()), state, logits: 0) }
    let said = try ContinuedText(tokenizer, after: prompt.ids, stops: [], ends: ends)
    documents.append(try OpenDocument(index, prompt, state, options, said))
  }

  /// One token more for every open document.
  /// - Returns: the documents that have ended, in no order.
  /// - Throws: `MohawkError` when the model's numbers are not finite.
  public func step() throws -> [SynthesizedDocument] {
    guard !documents.isEmpty else { return [] }
    let logits = engine.step(documents.map(\.next), documents.map(\.state))
    try choose(logits)
    for document in documents {
      let isFull = engine.maxLength.map { document.state.position >= $0 } ?? false
      try document.take(isLast: document.made + 1 >= length || isFull)
    }
    defer { documents.removeAll { $0.finish != nil } }
    return documents.compactMap { $0.finished(options.seed) }
  }

  /// Draws for every document, on all threads.
  private func choose(_ logits: Tensor) throws {
    let width = logits.size(1)
    let count = documents.count
    let failures = Failures(count: count)
    let work = Drawing(
      documents: documents, rows: rows, first: logits.address.assumingMemoryBound(to: Float.self), width: width)
    Runtime.inParallel(count) { if !work.draw($0) { failures.note($0) } }
    if failures.any {
      throw MohawkError(
        .notFinite, "the model's logits are not finite", remedy: "use --weights f32, or a model with sound weights")
    }
  }
}

/// Draws of one step; every call touches another document.
private struct Drawing: @unchecked Sendable {
  let documents: [OpenDocument]
  let rows: LogitRows
  let first: UnsafePointer<Float>
  let width: Int

  func draw(_ index: Int) -> Bool {
    documents[index].draw(UnsafeBufferPointer(start: first + index * width, count: width), rows)
  }
}

/// Notes on which rows something went wrong.
private final class Failures: @unchecked Sendable {  // each thread writes other elements
  private let flags: UnsafeMutableBufferPointer<Bool>
  init(count: Int) {
    flags = .allocate(capacity: count)
    flags.initialize(repeating: false)
  }
  deinit { flags.deallocate() }
  func note(_ index: Int) { flags[index] = true }
  var any: Bool { flags.contains(true) }
}

/// A document that is being written.
private final class OpenDocument {
  let index: Int
  let prompt: SynthesisPrompt
  let state: ModelState
  private(set) var next: Int32
  private(set) var made = 0
  private(set) var finish: BatchEvent.Finish?
  private var sampler: Sampler
  private var said: ContinuedText

  init(
    _ index: Int, _ prompt: SynthesisPrompt, _ state: ModelState, _ options: SamplingOptions, _ said: ContinuedText
  ) throws {
    (self.index, self.prompt, self.state, self.said) = (index, prompt, state, said)
    next = prompt.ids.last!
    sampler = try Sampler(options)
    sampler.note(prompt.ids)
  }

  /// - Returns: false when the row holds numbers that are not finite.
  func draw(_ row: UnsafeBufferPointer<Float>, _ rows: LogitRows) -> Bool {
    guard let token = rows.read(row, { sampler.next($0) }) else { return false }
    next = token
    return true
  }

  func take(isLast: Bool) throws {
    made += 1
    if try said.take(next).isOver {
      finish = .stop
    } else if isLast {
      finish = .length
    }
    if finish != nil { _ = said.finish() }
  }

  func finished(_ seed: UInt64) -> SynthesizedDocument? {
    guard let finish else { return nil }
    return SynthesizedDocument(
      index: index, seed: Synthesizer.seed(seed, of: index), prompt: prompt.text.isEmpty ? nil : prompt.text,
      question: prompt.question, written: said.text, tokens: made, finish: finish)
  }
}
