/// Single heads of an attention that stay full softmax attention where a recurrent mixer replaces the others.
public struct KeptHeads: Sendable, Equatable {
  /// The attention whose heads they are: their queries and keys. It has neither a window nor a bias of its output here.
  public let attention: AttentionConfiguration
  /// The heads, counted from 0, ascending.
  public let heads: [Int]

  /// - Parameters:
  ///   - attention: whose heads are kept.
  ///   - heads: at least one, all of this attention, none twice.
  public init(of attention: AttentionConfiguration, heads: [Int]) {
    var plain = attention
    (plain.window, plain.sinks, plain.outputBias) = (nil, nil, false)
    self.attention = plain
    self.heads = heads.sorted()
  }

  /// What they are called in sentences.
  public static let name = "heads that keep attention"
}
