import Foundation
import MohawkFiles
import MohawkGGUF
import MohawkLayers
import MohawkMixers
import MohawkTensor
import MohawkWeights

extension Decoder {
  /// Opens a folder with `config.json` and weights: safetensors or PyTorch's files, whole or in shards, of any family
  /// that ``CheckpointFormat`` names; or a GGUF file, whole or split.
  ///
  /// Weights that are in the file as they are wanted in memory are the mapped file: opening reads none of them.
  /// - Parameters:
  ///   - folder: the folder, or the GGUF file.
  ///   - dtype: the type of the weights in memory; nil keeps the file's.
  ///   - compute: the type that the layers compute in; by default `dtype`.
  ///   - device: where the model is to live.
  /// - Throws: `MohawkError` when the architecture is not known, or the weights do not fit it.
  public static func open(
    _ folder: String, dtype: DType? = .float32, compute: DType? = nil, on device: Device = .cpu
  ) throws -> Decoder {
    let (configuration, store) = try DecoderConfiguration.withWeights(folder)
    return try open(configuration, store, dtype: dtype, compute: compute, on: device)
  }

  /// Opens a folder to use the model, not to train it: weights that are in the file in the type of the computation stay
  /// the mapped file, others become fp32.
  /// - Parameters:
  ///   - folder: the folder, or the GGUF file.
  ///   - compute: the type that the layers compute in.
  ///   - device: where the model is to live.
  public static func open(_ folder: String, computing compute: DType, on device: Device = .cpu) throws -> Decoder {
    let (configuration, store) = try DecoderConfiguration.withWeights(folder)
    let isStored = store.isStored(in: compute)
    let model = try open(configuration, store, dtype: isStored ? nil : .float32, compute: compute, on: device)
    model.freeze()
    return model
  }

  /// A model of this geometry with the weights of a checkpoint.
  public static func open(
    _ configuration: DecoderConfiguration, _ store: any WeightStore, dtype: DType? = .float32, compute: DType? = nil,
    on device: Device = .cpu
  ) throws -> Decoder {
    let configuration = try configuration.fitted(to: store)
    let source = try storedParameters(of: configuration, store, dtype: dtype, on: device)
    return try open(configuration, source, at: store.path, compute: compute, on: device)
  }

  /// A model of this geometry whose parameters come from a checkpoint's source, or one that stands before it.
  /// - Throws: `MohawkError` that lists what is missing, does not fit or is not used.
  package static func open(
    _ configuration: DecoderConfiguration, _ source: any StoredParameters, at location: String,
    compute: DType? = nil, on device: Device = .cpu
  ) throws -> Decoder {
    // Every layer has tensors of its own: of more layers than there are tensors, one says enough.
    var configuration = configuration
    configuration.layers = Array(configuration.layers.prefix(source.names.count + 1))
    let build = ParameterBuild(source, location: location)
    let model = Decoder(configuration, build, compute: compute, on: device)
    try build.finish(
      unused: source.unused(by: build.parameters).refused(at: location),
      remedy: "--allow-unused passes over tensors that do not belong to the model")
    return model
  }

  /// Where the parameters of a geometry are in a checkpoint.
  package static func storedParameters(
    of configuration: DecoderConfiguration, _ store: any WeightStore, dtype: DType?, on device: Device = .cpu
  ) throws -> any StoredParameters {
    if let file = store as? GGUFWeights {
      return try GGUFParameters(file, configuration, dtype: dtype, on: device)
    }
    return CheckpointParameters(store, configuration.keys, dtype: dtype, on: device)
  }

  public func write(to folder: String) throws { try write(to: folder, as: nil) }

  /// Writes `config.json` and the weights, in shards where they are many, into a folder.
  /// - Parameters:
  ///   - folder: made when it is not there.
  ///   - dtype: the type of the weights in the files; nil keeps that of each in memory.
  ///   - shardBytes: bytes of a shard at most.
  /// - Throws: `MohawkError` when the model's format cannot describe it, or the files cannot be written.
  public func write(to folder: String, as dtype: DType?, shardBytes: Int = 5_000_000_000) throws {
    try configuration.requireWritable()
    try Weights.write(checkpoint(as: dtype), to: folder, shardBytes: shardBytes)
    var json = configuration.json
    let type = dtype ?? parameters.all[0].value.dtype
    if json["torch_dtype"] != nil { json["torch_dtype"] = type.configName }
    try ModelJSON.write(json, to: folder + "/config.json")
  }

  /// The tensors of the model's checkpoint under the names of its format, each made when it is asked for.
  public func checkpoint(as dtype: DType? = nil) -> [WeightToWrite] {
    let padding = configuration.format.family.padding(configuration).map { tensor in
      WeightToWrite(tensor.key, dtype ?? .float32, tensor.shape) {
        .full(tensor.shape, tensor.value, dtype ?? .float32)
      }
    }
    return parameters.checkpoint(configuration.keys, as: dtype) + padding
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
  /// Reads what a path says of its model, and opens its weights.
  package static func withWeights(_ path: String) throws -> (configuration: Self, store: any WeightStore) {
    if GGUFFile.isOne(path) {
      let file = try GGUFWeights(path)
      return (try DecoderConfiguration(file), file)
    }
    let configuration = try DecoderConfiguration(folder: path)
    let store = try Weights.open(WeightsPath.of(folder: path))
    return (try configuration.fitted(to: store), store)
  }

  /// Reads the `config.json` of a folder, or the metadata of a GGUF file.
  /// - Throws: `MohawkError` when the folder or the file is not there, or describes what is not supported.
  public init(folder: String) throws {
    if GGUFFile.isOne(folder) {
      try self.init(GGUFWeights(folder))
      return
    }
    try WeightsPath.refuseAdapter(folder)
    let path = folder + "/config.json"
    if !FileManager.default.fileExists(atPath: path) {
      var isFolder: ObjCBool = false
      let isThere = FileManager.default.fileExists(atPath: folder, isDirectory: &isFolder)
      guard isThere else {
        throw MohawkError(.missingFile, "no such file or folder", at: path, remedy: "check the path")
      }
      guard isFolder.boolValue else {
        _ = try MappedFile(folder)  // it may be a pointer to a file
        throw MohawkError(
          .invalidValue, "this is a file other than GGUF, and a model is a folder with config.json and weights",
          at: folder,
          remedy: "name the folder that it is in")
      }
      throw MohawkError(
        .missingFile, "the folder has no config.json, which says what its weights mean", at: path,
        remedy: "check the path, or fetch config.json from where the weights come from")
    }
    try self.init(json: ModelJSON(path))
  }
}

extension WeightStore {
  /// Whether the weights are in the file in the type of a computation; in GGUF files, whose norms are fp32 always, it is
  /// the matrices that count.
  fileprivate func isStored(in dtype: DType) -> Bool {
    guard let file = self as? GGUFWeights else { return names.allSatisfy { shape(of: $0)?.dtype == dtype } }
    return file.tensors.allSatisfy { $0.shape.count < 2 || !$0.type.isQuantized && DType(reading: $0.type) == dtype }
  }
}

extension DType {
  /// The name in `config.json`.
  var configName: String {
    switch self {
    case .float64: "float64"
    case .bfloat16: "bfloat16"
    case .float16: "float16"
    default: "float32"
    }
  }
}
