/// Which tensor of a checkpoint holds which parameter. Names of other projects' files stand in such tables only.
public struct KeyTable: Sendable {
  /// Where a parameter lies in a checkpoint.
  struct Place: Sendable, Equatable {
    let key: String
    /// The first of its rows within each group, when several parameters share the tensor; nil when it is the whole.
    let firstRow: Int?
  }

  /// A tensor that several parameters share.
  struct Joined: Sendable, Equatable {
    /// In the order of their rows, and how many rows each has within a group.
    let parts: [(parameter: String, rows: Int)]
    /// How often the parts follow one another: 1, or the number of heads when each head has its queries, keys, values.
    let groups: Int

    /// Rows within a group.
    var groupRows: Int { parts.reduce(0) { $0 + $1.rows } }

    static func == (a: Joined, b: Joined) -> Bool {
      a.groups == b.groups && a.parts.map(\.parameter) == b.parts.map(\.parameter)
        && a.parts.map(\.rows) == b.parts.map(\.rows)
    }
  }

  private(set) var places: [String: Place] = [:]
  private(set) var joined: [String: Joined] = [:]
  /// Matrices that the checkpoint holds as [in, out].
  private(set) var transposed: Set<String> = []
  private var ignoredEndings: [String] = []
  private var ignoredBeginnings: [String] = []
  private var optionalPrefix = ""
  private var mapsToItself = false

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

  /// The rows of the tensor `key` are these parameters, one after another; with `groups`, a share of each in turn.
  /// - Parameters:
  ///   - parts: the parameters with the number of all their rows.
  ///   - groups: how often the parts follow one another.
  ///   - key: the checkpoint's name.
  public mutating func join(_ parts: [(parameter: String, rows: Int)], groups: Int = 1, to key: String) {
    var row = 0
    var shares: [(parameter: String, rows: Int)] = []
    for part in parts {
      places[part.parameter] = Place(key: key, firstRow: row)
      shares.append((part.parameter, part.rows / groups))
      row += part.rows / groups
    }
    joined[key] = Joined(parts: shares, groups: groups)
  }

  /// The checkpoint holds these matrices as [in, out].
  public mutating func transpose(_ keys: String...) { transposed.formUnion(keys) }

  /// Tensors whose names end so are no parameters: tables and masks that older checkpoints carry along.
  public mutating func ignore(_ endings: String...) { ignoredEndings += endings }

  /// Tensors whose names begin so are of a layer that does nothing.
  public mutating func ignoreAll(under prefix: String) { ignoredBeginnings.append(prefix) }

  /// Some checkpoints leave this beginning of all names out.
  public mutating func allowWithout(_ prefix: String) { optionalPrefix = prefix }

  /// Every parameter lies under its own name.
  public mutating func mapAnyToItself() { mapsToItself = true }

  /// Where a parameter lies; nil when the table does not know it.
  func place(of parameter: String) -> Place? {
    places[parameter] ?? (mapsToItself ? Place(key: parameter, firstRow: nil) : nil)
  }

  /// The names of the same table in a checkpoint that leaves the optional prefix out.
  func name(of key: String, in names: Set<String>) -> String {
    if names.contains(key) || optionalPrefix.isEmpty || !key.hasPrefix(optionalPrefix) { return key }
    let short = String(key.dropFirst(optionalPrefix.count))
    return names.contains(short) ? short : key
  }

  /// The names that neither hold one of these parameters nor are ignored.
  func unused(_ names: [String], by parameters: [String]) -> [String] {
    let all = Set(names)
    let used = Set(parameters.compactMap { place(of: $0) }.map { name(of: $0.key, in: all) })
    return names.filter { name in
      !used.contains(name) && !ignoredEndings.contains { name.hasSuffix($0) }
        && !ignoredBeginnings.contains { name.hasPrefix($0) }
    }.sorted()
  }
}
