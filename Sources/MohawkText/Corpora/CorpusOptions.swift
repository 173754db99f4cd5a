/// How documents lie in files that hold more than text.
public struct CorpusOptions: Sendable {
  /// The member of an object that holds its text.
  public var textKey = "text"
  /// The folder (or GGUF file) of the model whose chat template turns conversations under `messages` into text; nil
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
}
