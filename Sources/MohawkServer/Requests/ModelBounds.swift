/// What a model allows, for the rules of requests.
public struct ModelBounds: Sendable {
  /// Token ids are below this.
  public let ids: Int
  /// Tokens that the model can look at; nil when there is no bound.
  public let maxLength: Int?

  /// The bounds of a model.
  public init(ids: Int, maxLength: Int?) {
    self.ids = ids
    self.maxLength = maxLength
  }
}
