import MohawkFiles
import MohawkRecipes
import MohawkText

extension Recipe {
  /// Refuses a tokenizer that is not the teacher's own, unless the recipe allows it: ids that mean other text to the
  /// teacher teach nothing.
  /// - Parameters:
  ///   - tokenizer: that of the text.
  ///   - teacher: the teacher's folder or file; one without a tokenizer of its own is believed.
  func requireOwnTokenizer(_ tokenizer: Tokenizer, of teacher: String) throws {
    guard let path = data.tokenizer, !data.foreignTokenizer, let own = try? Tokenizer(folder: teacher),
      own.fingerprint != tokenizer.fingerprint
    else { return }
    throw MohawkError(
      .mismatch, "this tokenizer is not the teacher's, to which its ids mean other text", at: path,
      remedy: "leave it out to use that of \(teacher), or insist with --allow-foreign-tokenizer")
  }
}

extension Recipe {
  /// How documents lie in the files of the run's text. Conversations are rendered by the teacher's chat template, or
  /// where there is no teacher by that of the tokenizer's folder.
  var corpusOptions: CorpusOptions {
    CorpusOptions(
      textKey: data.textKey, chatFolder: teacher ?? data.tokenizer.map(ChatTemplate.folder(ofTokenizer:)))
  }
}
