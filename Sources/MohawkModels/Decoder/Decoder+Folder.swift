import MohawkFiles
import MohawkLayers
import MohawkMixers
import MohawkTensor
import MohawkWeights

extension Decoder {
  /// Opens a folder with `config.json` and weights: safetensors or PyTorch's files, whole or in shards, of any family
  /// that ``CheckpointFormat`` names.
  ///
  /// Weights that are in the file as they are wanted in memory are the mapped file: opening reads none of them.
  /// - Parameters:
  ///   - folder: the folder.
  ///   - dtype: the type of the weights in memory; nil keeps the file's.
  ///   - compute: the type that the layers compute in; by default `dtype`.
  ///   - device: where the model is to live.
  /// - Throws: `MohawkError` when the architecture is not known, or the weights do not fit it.
  public static func open(
    _ folder: String, dtype: DType? = .float32, compute: DType? = nil, on device: Device = .cpu
  ) throws -> Decoder {
    let configuration = try DecoderConfiguration(folder: folder)
    return try open(configuration, Weights.open(folder), dtype: dtype, compute: compute, on: device)
  }

  /// A model of this geometry with the weights of a checkpoint.
  public static func open(
    _ configuration: DecoderConfiguration, _ store: any WeightStore, dtype: DType? = .float32, compute: DType? = nil,
    on device: Device = .cpu
  ) throws -> Decoder {
    let source = CheckpointParameters(store, configuration.keys, dtype: dtype, on: device)
    let build = ParameterBuild(source, location: store.path)
    let model = Decoder(configuration, build, compute: compute, on: device)
    try build.finish(unused: source.unused(by: build.parameters))
    return model
  }

  public func write(to folder: String) throws {
    try configuration.requireWritable()
    let padding = configuration.format.family.padding(configuration).map {
      (name: $0.key, tensor: Tensor.full($0.shape, $0.value))
    }
    let tensors = parameters.checkpoint(configuration.keys) + padding
    try Weights.write(tensors, metadata: ["format": "pt"], to: folder)
    try ModelJSON.write(configuration.json, to: folder + "/config.json")
  }

  /// Refuses weights that are NaN or infinite, naming the first; reads all of them.
  public func requireFiniteWeights(at location: String) throws {
    for parameter in parameters.all {
      let isFinite = withoutGradients { parameter.value.isFinite().all().intItem() == 1 }
      guard isFinite else {
        throw MohawkError(
          .notFinite, "the weights hold NaN or infinite numbers, first in \(parameter.name)", at: location,
          remedy: "these weights are broken: fetch or make them again")
      }
    }
  }
}

extension DecoderConfiguration {
  /// Reads the `config.json` of a folder.
  public init(folder: String) throws { try self.init(json: ModelJSON(folder + "/config.json")) }
}
