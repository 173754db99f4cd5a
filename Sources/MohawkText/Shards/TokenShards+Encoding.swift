import Foundation
import MohawkFiles

extension TokenShards {
  /// Encodes documents into a new folder of shards, with the end-of-text id after each document, and before it the ids
  /// that the tokenizer's template puts before a text (``Tokenizer/textPrefix``), as Llama's `<s>`.
  ///
  /// The folder appears when all is written; an interruption leaves nothing behind.
  /// - Parameters:
  ///   - source: where the documents come from.
  ///   - tokenizer: what gives the ids.
  ///   - folder: must not exist, or be empty.
  ///   - tokensPerShard: when to begin the next shard.
  ///   - lossOnAnswers: whether the shards get a loss mask, in which what the assistant writes counts; all documents must
  ///     then be conversations whose answers the source has found.
  ///   - special: whether `<|endoftext|>` in the text becomes its id.
  ///   - progress: told how much of the source was read, and the source's `size`.
  ///   - shouldStop: asked now and then; true ends the work with the error `interrupted`.
  /// - Throws: `MohawkError`, also when the tokenizer has no end-of-text token.
  public static func encode(
    _ source: some DocumentSource, with tokenizer: Tokenizer, to folder: String, tokensPerShard: Int = 100_000_000,
    lossOnAnswers: Bool = false, special: Tokenizer.SpecialTokens = .matched,
    progress: (Int, Int) -> Void = { _, _ in },
    shouldStop: () -> Bool = { false }
  ) throws -> TokenShards {
    guard let endOfText = tokenizer.endOfText else {
      throw MohawkError(
        .invalidValue, "the tokenizer has no end-of-text token to put between documents",
        remedy: "use a tokenizer with \(Tokenizer.endOfTextNames[0])")
    }
    if let names = try? FileManager.default.contentsOfDirectory(atPath: folder), !names.isEmpty {
      throw MohawkError(
        .alreadyInUse, "the folder is not empty", at: folder, remedy: "choose another folder or remove this one")
    }
    let total = source.size
    try AtomicFolder.create(folder) { partial in
      var writer = TokenShardWriter(
        folder: partial, tokenizer: tokenizer, tokensPerShard: tokensPerShard,
        hasLossMask: lossOnAnswers)
      var encoder = StreamingEncoder(tokenizer, special: special)
      var ids: [Int32] = []
      var counting: [Range<Int>] = []
      var isStart = true
      try source.visitPieces { piece, read in
        ids.removeAll(keepingCapacity: true)
        if isStart, !piece.isRendered { ids.append(contentsOf: tokenizer.textPrefix) }
        isStart = piece.isLast
        if lossOnAnswers, piece.answers == nil { throw noAnswers(at: piece.location) }
        encoder.append(piece.bytes, into: &ids)
        if piece.isLast {
          encoder.finish(into: &ids)
          counting = tokenizer.tokens(ids, of: piece.bytes, in: piece.answers ?? [], special: special)
          // A rendered conversation is one piece, and mostly has its beginning already.
          if piece.isRendered, !ids.starts(with: tokenizer.textPrefix) {
            ids.insert(contentsOf: tokenizer.textPrefix, at: 0)
            let shift = tokenizer.textPrefix.count
            counting = counting.map { $0.lowerBound + shift..<$0.upperBound + shift }
          }
          ids.append(endOfText)
        }
        try writer.append(ids, bytes: piece.bytes.count, counting: counting)
        if piece.isLast { writer.endDocument() }
        progress(read, total)
        if shouldStop() { throw MohawkError(.interrupted, "encoding was interrupted; nothing was written", at: folder) }
        return true
      }
      try writer.finish()
      guard !writer.finished.isEmpty else {
        throw MohawkError(.invalidValue, "the corpus holds no text", remedy: "name files with text")
      }
    }
    return try TokenShards(path: folder, tokenizer: tokenizer.fingerprint)
  }

  private static func noAnswers(at place: String) -> MohawkError {
    MohawkError(
      .invalidValue, "this text has no answers to learn from: only conversations under \"messages\" have", at: place,
      remedy: "give conversations only, or learn from all tokens (data.lossOn=all)")
  }
}
