import MohawkFiles
import MohawkMixers

/// Which heads of which layers keep attention, as `kept_heads` of a mixer lists them for all layers.
struct KeptHeadTable {
  /// Whose heads they are.
  let attention: AttentionConfiguration
  /// The heads of each layer; none in layers beyond the last entry.
  let byLayer: [[Int]]

  /// Reads `layers`, a list of heads for each layer, and `attention`, as layers with attention have it.
  /// - Parameters:
  ///   - modelDim: width of the model.
  ///   - heads: of the mixers.
  /// - Throws: `MohawkError` when a key is missing or of the wrong type, or names heads that there are not.
  init(_ json: ModelJSON, modelDim: Int, heads: Int) throws {
    attention = try MohawkFamily.attention(json.nested("attention"), modelDim)
    guard attention.heads == heads else {
      throw MohawkError(
        .invalidValue, "an attention of \(attention.heads) heads is not one of mixers with \(heads)", at: json.path)
    }
    let unsupported = [
      ("norms across heads", attention.normsAcrossHeads), ("a soft cap on the scores", attention.scoreCap != nil),
      ("a window", attention.window != nil),
    ].first { $0.1 }
    if let unsupported {
      throw MohawkError(.unsupported, "\(KeptHeads.name) do not have \(unsupported.0)", at: json.path)
    }
    guard let layers = json.object["layers"] as? [[Int]], layers.contains(where: { !$0.isEmpty }),
      layers.allSatisfy({ Set($0).count == $0.count && $0.allSatisfy { (0..<heads).contains($0) } })
    else {
      throw MohawkError(
        .invalidValue, "'layers' is not a list of lists of heads from 0 to \(heads - 1), none twice", at: json.path)
    }
    byLayer = layers
  }

  /// The heads that the layers of a model keep; nil when they keep none.
  init?(_ configuration: DecoderConfiguration) {
    guard let attention = configuration.layers.lazy.compactMap(\.keptHeads).first?.attention else { return nil }
    self.attention = attention
    let all = configuration.keptHeads
    byLayer = Array(all[...all.lastIndex { !$0.isEmpty }!])
  }

  var json: [String: Any] { ["layers": byLayer, "attention": MohawkFamily.json(attention)] }
}
