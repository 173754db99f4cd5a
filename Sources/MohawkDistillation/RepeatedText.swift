import MohawkTensor

/// Sequences that end with a part of their own beginning, so that only a model that looks back can know how they go on.
public struct RepeatedText {
  /// [sequences, length].
  public let ids: Tensor
  /// Tokens at the end that stand earlier, too.
  public let span: Int
  /// Where they begin to stand earlier, for each sequence.
  public let places: [Int]

  /// - Parameters:
  ///   - ids: text, [sequences, length].
  ///   - span: tokens that are repeated at the end.
  public init(_ ids: Tensor, span: Int) {
    let (rows, length) = (ids.size(0), ids.size(1))
    precondition(span * 3 <= length, "the repeated part is too long")
    self.span = span
    // What is repeated begins in another place in every sequence, behind the first tokens and far from the end.
    let room = length - 3 * span
    places = (0..<rows).map { 8 + $0 * max(0, room - 8) / max(1, rows) }
    let parts = places.enumerated().map { row, first in
      let whole = ids.narrowed(0, from: row, length: 1)
      return Tensor.concatenated(
        [whole.narrowed(1, from: 0, length: length - span), whole.narrowed(1, from: first, length: span)], 1)
    }
    self.ids = Tensor.concatenated(parts, 0)
  }

  private init(_ ids: Tensor, span: Int, places: [Int]) {
    (self.ids, self.span, self.places) = (ids, span, places)
  }

  /// One of the sequences alone.
  func sequence(_ row: Int) -> RepeatedText {
    RepeatedText(ids.narrowed(0, from: row, length: 1), span: span, places: [places[row]])
  }
}
