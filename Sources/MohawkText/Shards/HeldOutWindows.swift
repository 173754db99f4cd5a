/// The first tokens of the shards in order, for evaluation: each predicted once.
public struct HeldOutWindows: Sequence, Sendable {
  /// Tokens that a window predicts.
  public let length: Int
  /// How many windows there are.
  public let windows: Int
  private let shards: TokenShards

  /// - Parameters:
  ///   - shards: the tokens.
  ///   - length: tokens that a window predicts.
  ///   - tokens: how many of the first tokens to use; nil uses all.
  /// - Throws: `MohawkError` when there are fewer than `length + 1` tokens.
  public init(_ shards: TokenShards, length: Int, tokens: Int? = nil) throws {
    precondition(length > 0, "the length must be positive, got \(length)")
    windows = try TokenBatches.windows(in: Swift.min(tokens ?? shards.count, shards.count), length: length)
    self.shards = shards
    self.length = length
  }

  /// The window number `index`: `length + 1` ids.
  public subscript(index: Int) -> [Int32] {
    precondition(index >= 0 && index < windows, "window \(index) of \(windows)")
    return shards.ids(in: index * length..<(index + 1) * length + 1)
  }

  public func makeIterator() -> some IteratorProtocol<[Int32]> {
    (0..<windows).lazy.map { self[$0] }.makeIterator()
  }
}
