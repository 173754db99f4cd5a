/// Single heads of an attention that stay full softmax attention where a recurrent mixer replaces the others.
public struct KeptHeads: Sendable, Equatable {
  /// The attention whose heads they are: their queries and keys. It has neither a window nor a bias of its output here.
  public let attention: AttentionConfiguration
  /// The heads of each layer, counted from 0, ascending; none in layers beyond the last entry.
  public let byLayer: [[Int]]

  /// - Parameters:
  ///   - attention: whose heads are kept.
  ///   - byLayer: the heads of each layer, all of this attention, none twice.
  public init(of attention: AttentionConfiguration, byLayer: [[Int]]) {
    var plain = attention
    (plain.window, plain.sinks, plain.outputBias) = (nil, nil, false)
    self.attention = plain
    let last = byLayer.lastIndex { !$0.isEmpty }
    self.byLayer = byLayer.prefix(last.map { $0 + 1 } ?? 0).map { $0.sorted() }
  }

  /// The heads of a layer, ascending.
  public func heads(in layer: Int) -> [Int] { layer < byLayer.count ? byLayer[layer] : [] }

  /// What they are called in sentences.
  public static let name = "heads that keep attention"

  /// How many there are in all layers.
  public var count: Int { byLayer.reduce(0) { $0 + $1.count } }

  /// What they are, for tables.
  var words: String {
    let names = byLayer.enumerated().flatMap { layer, heads in heads.map { "\(layer).\($0)" } }
    let shown = names.prefix(12).joined(separator: ", ") + (names.count > 12 ? ", …" : "")
    let layers = byLayer.count { !$0.isEmpty }
    return "\(count) in \(layers) layer\(layers == 1 ? "" : "s") (\(shown))"
  }
}
