/// Which tensor of a checkpoint holds which parameter. Names of other projects' files stand in such tables only.
public struct KeyTable: Sendable {
  struct Place: Sendable, Equatable {
    let key: String
    /// The first row in the checkpoint's tensor, when several parameters share it; nil when it is the whole tensor.
    let firstRow: Int?
  }

  private(set) var places: [String: Place] = [:]
  /// Parameters that share a tensor, in the order of their rows, and the tensor's number of rows.
  private(set) var joined: [String: (parameters: [String], rows: Int)] = [:]

  /// No parameter has a place yet.
  public init() {}

  /// The tensor `key` is the parameter.
  public mutating func map(_ parameter: String, to key: String) {
    places[parameter] = Place(key: key, firstRow: nil)
  }

  /// Every pair of a parameter and a key, under common prefixes.
  public mutating func map(_ pairs: KeyValuePairs<String, String>, from prefix: String = "", to keyPrefix: String = "")
  {
    for (parameter, key) in pairs { map(prefix + parameter, to: keyPrefix + key) }
  }

  /// The rows of the tensor `key` are these parameters, one after another.
  public mutating func join(_ parts: [(parameter: String, rows: Int)], to key: String) {
    var row = 0
    for part in parts {
      places[part.parameter] = Place(key: key, firstRow: row)
      row += part.rows
    }
    joined[key] = (parts.map(\.parameter), row)
  }

  /// All keys of the checkpoint.
  public var keys: Set<String> { Set(places.values.map(\.key)) }
}
