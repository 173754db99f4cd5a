/// How documents lie in files that hold more than text.
public struct CorpusOptions: Sendable {
  /// The member of an object that holds its text.
  public var textKey = "text"
  /// The folder (or GGUF file) of the model whose chat template turns conversations under `messages` into text; nil
  /// where there is none.
  public var chatFolder: String?

  /// - Parameters:
  ///   - textKey: the member of an object that holds its text.
  ///   - chatFolder: the folder of the model whose chat template renders conversations.
  public init(textKey: String = "text", chatFolder: String? = nil) {
    self.textKey = textKey
    self.chatFolder = chatFolder
  }
}
