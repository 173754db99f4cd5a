import MohawkGGUF
import MohawkModels
import MohawkTensor

/// A file that is being described: its keys, and its tensors out of a model's parameters.
struct GGUFDraft {
  let model: Decoder
  let architecture: GGUFArchitecture
  let type: GGUFType
  private(set) var writer = GGUFWriter()
  /// In which types the matrices stand.
  private(set) var stored = GGUFExport.StoredTypes()

  init(_ model: Decoder, _ architecture: GGUFArchitecture, _ type: GGUFType) {
    self.model = model
    self.architecture = architecture
    self.type = type
  }

  var configuration: DecoderConfiguration { model.configuration }

  mutating func set(_ key: String, _ value: GGUFValue) { writer.set(key, value) }

  /// A key of the architecture's own.
  mutating func setOwn(_ key: String, _ value: GGUFValue) { set("\(architecture.rawValue).\(key)", value) }
  mutating func setOwn(_ key: String, _ value: Int) { setOwn(key, .uint32(UInt32(value))) }
  mutating func setOwn(_ key: String, _ value: Double) { setOwn(key, .float32(Float(value))) }

  mutating func add(_ name: String, _ rows: GGUFRows) {
    let isPlain = GGUFType.isPlain(name, rows.shape)
    let stored = isPlain ? .f32 : type.holding(rowLength: rows.shape.last!)
    if !isPlain { self.stored.count(stored, insteadOf: type, rowLength: rows.shape.last!) }
    writer.add(GGUFTensor(name, shape: rows.shape, type: stored) { try rows.write(to: $0) })
  }

  /// A parameter of the model as it is.
  func parameter(_ name: String) -> GGUFRows {
    guard let value = model.parameters[name]?.value else { preconditionFailure("the model has no \(name)") }
    return GGUFRows(value.shape) { value.detached() }
  }

  /// A parameter, or zeros where the model has none and the file needs one.
  func parameter(_ name: String, orZeros count: Int) -> GGUFRows {
    model.parameters[name] == nil ? .constant(0, [count]) : parameter(name)
  }

  func has(_ name: String) -> Bool { model.parameters[name] != nil }

  /// Weight and, where there is one, bias.
  mutating func addBoth(_ name: String, from parameter: String) {
    add(name + ".weight", self.parameter(parameter + ".weight"))
    if has(parameter + ".bias") { add(name + ".bias", self.parameter(parameter + ".bias")) }
  }
}
