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
  /// Tensors that hold a parameter less 1.
  private(set) var lessOne: Set<String> = []
  private var ignoredEndings = [
    "rotary_emb.inv_freq", "rotary_emb.cos_cached", "rotary_emb.sin_cached", ".position_ids",
  ]
  private var ignoredBeginnings: [String] = []
  private var basePrefix = ""
  private var layers: (prefix: String, count: Int)?
  private var tiedHead: String?
  private var otherNames: [String: String] = [:]
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

  /// The checkpoint holds these less 1, as the weights of norms that multiply by 1 + w.
  ///
  /// They are added up in fp32 at least and stay so, whatever the type of the other weights: in bf16 a sum would lose
  /// digits of what the file holds.
  public mutating func subtractOne(from keys: [String]) { lessOne.formUnion(keys) }

  /// Tensors whose names end so are no parameters: tables and masks that older checkpoints carry along.
  public mutating func ignore(_ endings: String...) { ignoredEndings += endings }

  /// Tensors whose names begin so are of a layer that does nothing.
  public mutating func ignoreAll(under prefix: String) { ignoredBeginnings.append(prefix) }

  /// Where embedding and head lie. A head that is the embedding may be in a checkpoint under either name, or under both.
  public mutating func mapVocabulary(embedding: String, head: String, isTied: Bool) {
    map("embedding.weight", to: embedding)
    if isTied { tiedHead = head } else { map("lm_head.weight", to: head) }
  }

  /// The base model's name, which begins those of its tensors: checkpoints of the base model alone leave it out, others
  /// have it once too often. As in transformers, this is decided tensor by tensor.
  public mutating func allowWithout(_ prefix: String) { basePrefix = prefix }

  /// A tensor has another name in some checkpoints, which transformers renames when it reads them.
  public mutating func allow(_ other: String, for key: String) { otherNames[key] = other }

  /// Layers are numbered from 0 under a prefix: tensors of layers beyond the last one belong to no parameter.
  public mutating func countLayers(_ count: Int, under prefix: String) { layers = (prefix, count) }

  /// Every parameter lies under its own name.
  public mutating func mapAnyToItself() { mapsToItself = true }

  /// Where a parameter lies; nil when the table does not know it.
  func place(of parameter: String) -> Place? {
    places[parameter] ?? (mapsToItself ? Place(key: parameter, firstRow: nil) : nil)
  }

  /// The names under which a checkpoint holds `key`; several of them contradict each other.
  func names(of key: String, in names: Set<String>) -> [String] {
    var spellings = [key]
    if !basePrefix.isEmpty {
      if key.hasPrefix(basePrefix) { spellings.append(String(key.dropFirst(basePrefix.count))) }
      spellings.append(basePrefix + key)
    }
    if let other = otherNames[key] { spellings.append(other) }
    return spellings.filter(names.contains)
  }

  /// The names under which a checkpoint holds the tensor of a place: those of a tied head where the embedding's own is
  /// not there.
  func names(at place: Place, in names: Set<String>) -> [String] {
    let own = self.names(of: place.key, in: names)
    guard own.isEmpty, let tiedHead, place == self.place(of: "embedding.weight") else { return own }
    return self.names(of: tiedHead, in: names)
  }

  /// The names of the embedding and of a head that should be the same, when a checkpoint holds both.
  func tiedPair(in names: Set<String>) -> (embedding: String, head: String)? {
    guard let tiedHead, let place = place(of: "embedding.weight"),
      let embedding = self.names(of: place.key, in: names).first, let head = self.names(of: tiedHead, in: names).first
    else { return nil }
    return (embedding, head)
  }

  /// The names that neither hold one of these parameters nor are ignored.
  func unused(_ names: [String], by parameters: [String]) -> UnusedTensors {
    let all = Set(names)
    var used = Set(parameters.compactMap { place(of: $0) }.flatMap { self.names(at: $0, in: all) })
    if let tiedHead { used.formUnion(self.names(of: tiedHead, in: all)) }
    let left = names.filter { name in
      !used.contains(name) && !ignoredEndings.contains { name.hasSuffix($0) }
        && !ignoredBeginnings.contains { name.hasPrefix($0) }
    }.sorted()
    return UnusedTensors(needless: left.filter(isNeedless), unknown: left.filter { !isNeedless($0) })
  }

  /// Whether a tensor is of a layer beyond the last one, or of a head beside that of the language model.
  private func isNeedless(_ name: String) -> Bool {
    func bare(_ name: String) -> Substring { name.hasPrefix(basePrefix) ? name.dropFirst(basePrefix.count) : name[...] }
    if let first = bare(name).split(separator: ".").first, UnusedTensors.heads.contains(String(first)) { return true }
    guard let layers, case let prefix = bare(layers.prefix), bare(name).hasPrefix(prefix),
      let number = Int(bare(name).dropFirst(prefix.count).prefix { $0 != "." })
    else { return false }
    return number >= layers.count
  }
}
