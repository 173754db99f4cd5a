import MohawkFiles
import MohawkMixers

extension SlidingWindowAttentionConfiguration: KeyedGeometry {
  /// The keys of the window, and beside them `heads` and `output_bias`.
  init(_ json: ModelJSON, modelDim: Int) throws {
    let heads = try json.integer("heads")
    let window = try WindowConfiguration(json, heads: heads)
    self.init(
      modelDim: modelDim, heads: heads, window: window, outputBias: try json.bool("output_bias", default: false))
    let known = keyed
    if let unknown = json.object.keys.sorted().first(where: { known[$0] == nil && json.has($0) }) {
      throw MohawkError(
        .unsupported, "the key '\(ModelJSON.short(unknown))' is not known for \(Self.title)", at: json.path,
        remedy: "known are: \(known.keys.sorted().joined(separator: ", "))")
    }
    if let unsupportedFeature { throw MohawkError(.invalidValue, unsupportedFeature, at: json.path) }
  }

  var keyed: [String: Any] {
    window.keyed.merging(["heads": heads, "output_bias": outputBias]) { $1 }
  }
}
