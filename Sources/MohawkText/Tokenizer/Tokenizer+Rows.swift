import MohawkFiles

extension Tokenizer {
  /// Makes sure that a model has a row for every entry of the vocabulary. Added tokens beyond its rows, such as one that
  /// only fills up batches, are told by `Notice`: no text may use them.
  /// - Parameters:
  ///   - rows: of the model's embedding.
  ///   - name: what to call the model.
  ///   - location: what to name in messages.
  /// - Throws: `MohawkError` when the vocabulary is larger than the model.
  public func requireFit(rows: Int, of name: String = "model", at location: String? = nil) throws {
    guard Int(highestID) >= rows else { return }
    let beyond = addedTokens.filter { Int($0.id) >= rows && kinds[Int($0.id)] == .added }
    guard (rows...Int(highestID)).allSatisfy({ kinds[$0] == .added || kinds[$0] == .none }) else {
      throw MohawkError(
        .mismatch, "the tokenizer has ids up to \(highestID), the \(name) \(rows) rows", at: location,
        remedy: "use the tokenizer that the \(name) was trained with")
    }
    let names = beyond.prefix(5).map { "\"\($0.content)\" (\($0.id))" }.joined(separator: ", ")
    let more = beyond.count > 5 ? " and \(beyond.count - 5) more" : ""
    Notice.report(
      "the \(name) has \(rows) rows and none for \(names)\(more): texts with such tokens are refused",
      at: location ?? "the tokenizer")
  }

  /// Refuses tokens that a model has no row for.
  /// - Throws: `MohawkError` naming the first.
  public func requireRows(_ ids: some Sequence<Int32>, rows: Int) throws {
    // A tokenizer that fits cannot make others.
    guard Int(highestID) >= rows, let id = ids.first(where: { Int($0) >= rows }) else { return }
    throw MohawkError(
      .outOfRange, "the text has the token \(id) (\"\(token(id) ?? "?")\"), and the model has \(rows) rows",
      remedy: "remove the token from the text, or use the tokenizer that the model was trained with")
  }
}
