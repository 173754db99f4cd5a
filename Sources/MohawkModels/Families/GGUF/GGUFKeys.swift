import MohawkMixers

/// Which tensor of a GGUF file holds which parameter, and how.
struct GGUFKeys {
  /// Where a parameter lies.
  struct Place {
    let key: String
    /// The shape of the tensor in the file; nil when it is the parameter's.
    var shape: [Int]?
    /// The rows that are the parameter's, one range after the other; nil for all.
    var rows: [Range<Int>]?
    /// The first columns that are the parameter's; nil for all.
    var columns: Int?
    /// Heads whose pairs that are rotated together are neighbours in the file; nil for rows in their own order.
    var rotary: (headDim: Int, rotaryDim: Int)?
    /// Whether the file holds −exp of the parameter.
    var isDecay = false
  }

  private(set) var places: [String: Place] = [:]
  /// Beginnings of names that no parameter needs.
  private(set) var ignored: [String] = []

  mutating func map(
    _ parameter: String, to key: String, shape: [Int]? = nil, rows: [Range<Int>]? = nil, columns: Int? = nil,
    rotary: (headDim: Int, rotaryDim: Int)? = nil, isDecay: Bool = false
  ) {
    places[parameter] = Place(
      key: key, shape: shape, rows: rows, columns: columns, rotary: rotary, isDecay: isDecay)
  }

  /// Weight and bias.
  mutating func mapBoth(_ parameter: String, to key: String) {
    for part in [".weight", ".bias"] { map(parameter + part, to: key + part) }
  }

  /// Norms stay in fp32 at least: those of Gemma are sums with 1, which have more digits than the other weights.
  var keepsNorms = false

  mutating func ignore(_ beginning: String) { ignored.append(beginning) }

  /// The names that neither hold one of these parameters nor are ignored.
  func unused(_ names: [String], by parameters: [String]) -> [String] {
    let used = Set(parameters.compactMap { places[$0]?.key })
    return names.filter { name in !used.contains(name) && !ignored.contains { name.hasPrefix($0) } }.sorted()
  }
}

extension GGUFGeometry {
  /// The names of all parameters of a model with this geometry.
  func keys(_ configuration: DecoderConfiguration) throws -> GGUFKeys {
    var keys = GGUFKeys()
    keys.keepsNorms = family.isGemma
    keys.map("embedding.weight", to: "token_embd.weight")
    keys.map("positions.weight", to: "position_embd.weight")
    keys.mapBoth("final_norm", to: "output_norm")
    keys.mapBoth("lm_head", to: "output")
    // Rows of all layers are ordered alike, also where one has no positions.
    let attention = configuration.sharedAttention
    if let attention, attention.rotaryDim > 0, family.hasRotaryTable { keys.ignore(Self.rotaryTable) }
    for (layer, own) in configuration.layers.enumerated() {
      let (inner, outer) = ("layers.\(layer).", "blk.\(layer).")
      keys.mapBoth(inner + "norm", to: outer + "attn_norm")
      keys.mapBoth(inner + "mlp_norm", to: outer + "ffn_norm")
      keys.mapBoth(inner + "post_norm", to: outer + "post_attention_norm")
      keys.mapBoth(inner + "mlp_post_norm", to: outer + "post_ffw_norm")
      for part in ["gate", "up", "down"] { keys.mapBoth("\(inner)mlp.\(part)", to: "\(outer)ffn_\(part)") }
      if family == .phi3, let mlp = own.mlp { addHalves(&keys, mlp.width, inner + "mlp.", outer + "ffn_up.weight") }
      keys.mapBoth(inner + "mlp.fc1", to: outer + "ffn_up")
      keys.mapBoth(inner + "mlp.fc2", to: outer + "ffn_down")
      switch own.kind {
      case .mamba2: try addMamba2(&keys, inner + "mixer.", outer + "ssm_")
      case .mamba: try addMamba(&keys, inner + "mixer.", outer + "ssm_")
      case .attention, .windowedAttention:
        guard let attention else { preconditionFailure("attention that differs between layers") }
        addAttention(&keys, attention, inner + "attention.", outer + "attn_")
      default: preconditionFailure("no architecture has \(own.kind.rawValue)")
      }
    }
    if family == .phi3 {
      keys.ignore(Self.shortTable)
      keys.ignore(Self.longTable)
    }
    if try weights.metadata.integer(Self.idleKey) == 1 { keys.ignore("blk.\(layers).") }
    return keys
  }

  /// The gate and what it gates in one matrix.
  private func addHalves(_ keys: inout GGUFKeys, _ width: Int, _ inner: String, _ outer: String) {
    let shape = [2 * width, modelDim]
    keys.map(inner + "gate.weight", to: outer, shape: shape, rows: [0..<width])
    keys.map(inner + "up.weight", to: outer, shape: shape, rows: [width..<2 * width])
  }

  private func addAttention(
    _ keys: inout GGUFKeys, _ attention: AttentionConfiguration, _ inner: String, _ outer: String
  ) {
    typealias RotaryLayout = (headDim: Int, rotaryDim: Int)
    let rotary: RotaryLayout? =
      family.rotatesInterleavedPairs && attention.rotaryDim > 0 ? (attention.headDim, attention.rotaryDim) : nil
    let isJoined = has(outer + "qkv.weight")
    let total = attention.width + 2 * attention.kvWidth
    var row = 0
    let parts: [(name: String, rows: Int, rotary: RotaryLayout?)] = [
      ("q", attention.width, rotary), ("k", attention.kvWidth, rotary), ("v", attention.kvWidth, nil),
    ]
    for (name, rows, rotary) in parts {
      for part in ["weight", "bias"] {
        let parameter = "\(inner)\(name)_proj.\(part)"
        if isJoined {
          let shape = part == "weight" ? [total, modelDim] : [total]
          keys.map(parameter, to: "\(outer)qkv.\(part)", shape: shape, rows: [row..<row + rows], rotary: rotary)
        } else {
          keys.map(parameter, to: "\(outer)\(name).\(part)", rotary: rotary)
        }
      }
      row += rows
    }
    keys.mapBoth(inner + "dense", to: outer + "output")
    for norm in ["q_norm", "k_norm"] { keys.map("\(inner)\(norm).weight", to: "\(outer)\(norm).weight") }
  }

  private func addMamba(_ keys: inout GGUFKeys, _ inner: String, _ outer: String) throws {
    let channels = try metadata.integer("ssm.inner_size")
    let taps = try metadata.integer("ssm.conv_kernel", in: 2...64)
    let joined = [2 * channels, modelDim]
    keys.map(inner + "in_proj.x", to: outer + "in.weight", shape: joined, rows: [0..<channels])
    keys.map(inner + "in_proj.z", to: outer + "in.weight", shape: joined, rows: [channels..<2 * channels])
    keys.map(inner + "conv1d.weight", to: outer + "conv1d.weight", shape: [channels, taps])
    keys.map(inner + "conv1d.bias", to: outer + "conv1d.bias")
    keys.map(inner + "x_proj.weight", to: outer + "x.weight")
    keys.mapBoth(inner + "dt_proj", to: outer + "dt")
    keys.map(inner + "A_log", to: outer + "a", isDecay: true)
    keys.map(inner + "D", to: outer + "d")
    keys.map(inner + "out_proj.weight", to: outer + "out.weight")
  }

  /// Rows of the gate, of x, of B, of C and of the steps follow one another, each with those of empty groups at its end.
  private func addMamba2(_ keys: inout GGUFKeys, _ inner: String, _ outer: String) throws {
    let sizes = try mamba2Sizes()
    let taps = try metadata.integer("ssm.conv_kernel", in: 2...64)
    let (all, groups) = (sizes.inner, sizes.groups - sizes.padding)
    let channels = all / sizes.groups * groups
    let heads = sizes.heads / sizes.groups * groups
    let (states, allStates) = (groups * sizes.state, sizes.groups * sizes.state)
    func convolved(from start: Int) -> (x: [Range<Int>], bc: [Range<Int>]) {
      let (b, c) = (start + all, start + all + allStates)
      return ([start..<start + channels], [b..<b + states, c..<c + states])
    }
    let total = [2 * all + 2 * allStates + sizes.heads, modelDim]
    let projected = convolved(from: all)
    for (name, rows) in [
      ("z", [0..<channels]), ("x", projected.x), ("bc", projected.bc),
      ("dt", [total[0] - sizes.heads..<total[0] - sizes.heads + heads]),
    ] {
      keys.map(inner + "in_proj." + name, to: outer + "in.weight", shape: total, rows: rows)
    }
    let filters = convolved(from: 0)
    for (part, shape) in [("weight", [all + 2 * allStates, taps]), ("bias", [all + 2 * allStates])] {
      keys.map("\(inner)conv1d.x.\(part)", to: "\(outer)conv1d.\(part)", shape: shape, rows: filters.x)
      keys.map("\(inner)conv1d.bc.\(part)", to: "\(outer)conv1d.\(part)", shape: shape, rows: filters.bc)
    }
    keys.map(inner + "dt_bias", to: outer + "dt.bias", shape: [sizes.heads], rows: [0..<heads])
    keys.map(inner + "A_log", to: outer + "a", shape: [sizes.heads], rows: [0..<heads], isDecay: true)
    keys.map(inner + "D", to: outer + "d", shape: [sizes.heads], rows: [0..<heads])
    keys.map(
      inner + "norm.weight", to: outer + "norm.weight", shape: [sizes.groups, all / sizes.groups], rows: [0..<groups])
    keys.map(inner + "out_proj.weight", to: outer + "out.weight", shape: [modelDim, all], columns: channels)
  }
}
