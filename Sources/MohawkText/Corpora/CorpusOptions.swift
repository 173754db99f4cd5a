/// How documents lie in files that hold more than text.
public struct CorpusOptions: Sendable {
  /// The member of an object that holds its text; `a.b` is also the member `b` of the object under `a`.
  public var textKey = "text"
  /// The folder (or GGUF file) of the model whose chat template turns conversations under `messages` or `conversations` into text; nil
  /// where there is none.
  public var chatFolder: String?
  /// Whether it is found out of conversations what the assistant writes; they then go before texts in the same object.
  public var findsAnswers = false

  /// - Parameters:
  ///   - textKey: the member of an object that holds its text.
  ///   - chatFolder: the folder of the model whose chat template renders conversations.
  ///   - findsAnswers: whether to find what the assistant writes.
  public init(textKey: String = "text", chatFolder: String? = nil, findsAnswers: Bool = false) {
    self.textKey = textKey
    self.chatFolder = chatFolder
    self.findsAnswers = findsAnswers
  }

  /// Keys from the outermost object inwards; one where the name has no dot.
  var textPath: [[UInt8]] { textKey.split(separator: ".", omittingEmptySubsequences: false).map { Array($0.utf8) } }
  /// The column of a table in which the text lies.
  var column: String { textKey.split(separator: ".").first.map(String.init) ?? textKey }
}
