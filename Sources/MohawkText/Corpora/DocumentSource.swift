import MohawkFiles

/// A piece of a document, valid during the visit only.
public struct DocumentPiece {
  /// Text, usually UTF-8. A character may be cut in two between pieces.
  public let bytes: UnsafeBufferPointer<UInt8>
  /// Whether the document ends here.
  public let isLast: Bool
  /// Where the document comes from: a file, with its line if it has many.
  public let location: String
  /// Whether a chat template has made the document, so that it may begin with what a tokenizer puts before texts.
  public let isRendered: Bool
  /// Of a conversation, rendered in one piece, the bytes that the assistant writes; nil where that is not known.
  public let answers: [Range<Int>]?

  /// A piece that borrows `bytes`.
  public init(
    bytes: UnsafeBufferPointer<UInt8>, isLast: Bool, location: String, isRendered: Bool = false,
    answers: [Range<Int>]? = nil
  ) {
    self.isRendered = isRendered
    self.answers = answers
    self.bytes = bytes
    self.isLast = isLast
    self.location = location
  }
}

/// Documents one after the other, each in one piece or several, without all of them in memory.
public protocol DocumentSource: Sendable {
  /// How much there is to read: bytes on disk for files, or another unit that progress is told in.
  var size: Int { get }

  /// Hands over the pieces of all documents in order, together with how much of `size` was read so far.
  /// The visit ends early when `body` returns false.
  func visitPieces(_ body: (DocumentPiece, Int) throws -> Bool) throws
}

extension DocumentSource {
  /// Hands over whole documents in order. The visit ends early when `body` returns false.
  public func visitDocuments(_ body: ([UInt8]) throws -> Bool) throws {
    var document: [UInt8] = []
    try visitPieces { piece, _ in
      document.append(contentsOf: piece.bytes)
      guard piece.isLast else { return true }
      defer { document = [] }
      return try body(document)
    }
  }
}

extension BytePairTrainer {
  /// Counts the words of all documents.
  /// - Parameters:
  ///   - source: where the documents come from.
  ///   - progress: told how much of the source's `size` was read.
  ///   - shouldStop: asked now and then; true ends the work.
  /// - Throws: what the source throws, or `interrupted` when `shouldStop` says so.
  public mutating func add(
    _ source: some DocumentSource, progress: (Int) -> Void = { _ in }, shouldStop: () -> Bool = { false }
  ) throws {
    var cutter = WordBoundarySplitter()
    try source.visitPieces { piece, read in
      cutter.append(piece.bytes) { add($0) }
      if piece.isLast { cutter.finish { add($0) } }
      progress(read)
      if shouldStop() { throw MohawkError(.interrupted, "reading the corpus was interrupted") }
      return true
    }
  }
}
