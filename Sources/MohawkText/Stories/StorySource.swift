/// A range of stories as documents, so that they are encoded as any corpus is.
public struct StorySource: DocumentSource {
  /// What tells the stories.
  public let generator: StoryGenerator
  /// Which stories, in this order.
  public let indices: Range<Int>

  /// One document per index.
  public init(_ generator: StoryGenerator, indices: Range<Int>) {
    self.generator = generator
    self.indices = indices
  }

  /// How many stories there are: how long they are shows only when they are told.
  public var size: Int { indices.count }

  public func visitPieces(_ body: (DocumentPiece, Int) throws -> Bool) throws {
    for index in indices {
      var story = generator.story(at: index)
      let shouldContinue = try story.withUTF8 { bytes in
        try body(
          DocumentPiece(bytes: bytes, isLast: true, location: "story \(index)"), index - indices.lowerBound + 1)
      }
      if !shouldContinue { return }
    }
  }
}
