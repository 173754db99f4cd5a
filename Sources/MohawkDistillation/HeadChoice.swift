import MohawkMixers
import MohawkModels
import MohawkTensor

/// How much each head of a Transformer copies: the share of its attention that lies, where text is repeated, on the token
/// that comes next there (induction heads, Olsson et al. 2022, arXiv:2209.11895).
public struct HeadChoice: Sendable, Equatable, Codable {
  /// A head and its share, 0 to 1.
  public struct Head: Sendable, Equatable {
    /// Both counted from 0.
    public let layer, head: Int
    /// Of its attention, on the token to be copied.
    public let share: Double
  }

  /// The share of every head, by layer; none for layers that have no full attention.
  public var shares: [[Double]]

  /// The heads that copy most, the first one most of all; of equal ones the first.
  /// - Parameters:
  ///   - count: how many at most.
  ///   - layers: whose heads do not count.
  public func best(_ count: Int, except layers: Set<Int> = []) -> [Head] {
    let all = shares.enumerated().filter { !layers.contains($0.offset) }.flatMap { layer, shares in
      shares.enumerated().map { Head(layer: layer, head: $0.offset, share: $0.element) }
    }
    return Array(all.sorted { ($1.share, $0.layer, $0.head) < ($0.share, $1.layer, $1.head) }.prefix(count))
  }

  /// Measures all heads in one pass over a text.
  /// - Parameters:
  ///   - teacher: frozen.
  ///   - text: what is repeated in it, all but its first token, is to be copied.
  public static func run(_ teacher: Decoder, _ text: RepeatedText) -> HeadChoice {
    withoutGradients {
      let rows = text.ids.size(0)
      var hidden = teacher.embed(text.ids)
      return HeadChoice(
        shares: teacher.blocks.map { block in
          defer { hidden = block(hidden) }
          guard let attention = block.mixer as? Attention, attention.configuration.window == nil else { return [] }
          let input = block.mixerInput(hidden)
          let sum = (0..<rows).map { row in
            let matrix = attention.matrix(of: input.narrowed(0, from: row, length: 1)).selected(0, 0)
            return copied(matrix, text, row)
          }
          return (Tensor.stacked(sum).mean(over: 0)).doubles()
        })
    }
  }

  /// What the heads' matrices, [heads, length, length], have where one of a sequence's tokens sees what follows its
  /// earlier place: the mean over them, fp64 [heads].
  private static func copied(_ matrix: Tensor, _ text: RepeatedText, _ row: Int) -> Tensor {
    let (heads, length) = (matrix.size(0), matrix.size(1))
    let cells = (0..<text.span - 1).map { Int64((length - text.span + $0) * length + text.places[row] + $0 + 1) }
    return matrix.reshaped(heads, length * length).indexed(1, Tensor(cells).to(on: matrix.device))
      .to(.float64).mean(over: 1)
  }
}

extension RepeatedText {
  /// Tokens of a text in random order, so that nothing but looking back tells how the repeated part goes on.
  /// - Parameters:
  ///   - ids: the text, [sequences, length].
  ///   - span: tokens that are repeated at the end.
  ///   - seed: of the order.
  public init(shuffling ids: Tensor, span: Int, seed: UInt64) {
    let order = RandomGenerator(seed: seed).integers(0..<ids.count, [ids.count]).to(on: ids.device)
    self.init(ids.reshaped(-1).indexed(0, order).reshaped(ids.shape), span: span)
  }
}
