import MohawkFiles
import MohawkLayers
import MohawkMixers
import MohawkTensor

extension Phi {
  /// Opens a folder with `config.json` and `model.safetensors`: a `PhiForCausalLM`, a Phi-Mamba or a hybrid.
  /// - Parameters:
  ///   - folder: the folder.
  ///   - dtype: the type of the weights in memory.
  ///   - compute: the type that the layers compute in; by default `dtype`.
  ///   - device: where the model is to live.
  public static func open(
    _ folder: String, dtype: DType = .float32, compute: DType? = nil, on device: Device = .cpu
  ) throws -> Phi {
    let configuration = try PhiConfiguration(json: ModelJSON(folder + "/config.json"))
    let file = try SafetensorsFile(folder + "/model.safetensors")
    return try open(configuration, file, dtype: dtype, compute: compute, on: device)
  }

  static func open(
    _ configuration: PhiConfiguration, _ file: SafetensorsFile, dtype: DType, compute: DType?, on device: Device
  ) throws -> Phi {
    let source = CheckpointParameters(file, configuration.keys, dtype: dtype, on: device)
    let build = ParameterBuild(source, location: file.path)
    let model = Phi(configuration, build, compute: compute, on: device)
    try build.finish(unused: source.unused)
    return model
  }

  public func write(to folder: String) throws {
    try Safetensors.write(
      parameters.checkpoint(configuration.keys), metadata: ["format": "pt"], to: folder + "/model.safetensors")
    try ModelJSON.write(configuration.json, to: folder + "/config.json")
  }
}

extension PhiConfiguration {
  var keys: KeyTable { isTransformer ? transformerKeys : phiMambaKeys }

  /// Reads either form of configuration; `Block…` sections are the mark of the authors' one.
  init(json: ModelJSON) throws {
    if json.object["MixerModel"] != nil {
      try self.init(phiMamba: json)
      return
    }
    let type = try json.string("model_type")
    guard type == "phi" else {
      throw MohawkError(
        .unsupported, "the architecture '\(type)' is not known", at: json.path, remedy: "known are: phi, phi-mamba")
    }
    try self.init(transformer: json)
  }

  /// The `config.json` of this model.
  var json: [String: Any] { isTransformer ? transformerJSON : phiMambaJSON }
}
