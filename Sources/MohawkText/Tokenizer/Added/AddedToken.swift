/// A token that is matched in the text before it is cut into words.
public struct AddedToken: Sendable, Hashable {
  /// The token's id.
  public var id: Int32
  /// The text that it stands for.
  public var content: String
  /// Whether it matches only between characters that are not part of words.
  public var singleWord: Bool
  /// Whether it takes in the white space before it.
  public var stripsLeft: Bool
  /// Whether it takes in the white space after it.
  public var stripsRight: Bool
  /// Whether it is looked for in normalised text. Such tokens are matched after the others.
  public var normalized: Bool
  /// Whether it is a control token such as `<|endoftext|>`, which readable text leaves out.
  public var special: Bool

  /// An added token with the options of a `tokenizer.json`.
  public init(
    id: Int32, content: String, singleWord: Bool = false, stripsLeft: Bool = false, stripsRight: Bool = false,
    normalized: Bool = false, special: Bool = true
  ) {
    self.id = id
    self.content = content
    self.singleWord = singleWord
    self.stripsLeft = stripsLeft
    self.stripsRight = stripsRight
    self.normalized = normalized
    self.special = special
  }
}

extension AddedToken {
  /// What tells tokens apart: texts that only look equal are different.
  var key: [UInt8] { Array(content.utf8) }
}
