import Foundation
import MohawkDecoding
import MohawkExport
import MohawkGGUF
import MohawkMixers
import MohawkModels
import MohawkTensor

/// One drawn model as all programs open it, written once and kept in the system's temporary folder.
struct DecodingFiles {
  /// For transformers, and for this package where weights are not rounded.
  let folder: String
  /// For llama.cpp.
  let gguf: String
  /// For this package.
  let own: String
  let configuration: DecoderConfiguration

  init(_ size: DecodingModel, _ weights: WeightPrecision) throws {
    let place = FileManager.default.temporaryDirectory.path + "/mohawk-bench-\(size.rawValue)-\(weights.rawValue)"
    folder = place
    gguf = place + "/model.gguf"
    own = weights.isQuantized ? place + "/rounded" : place
    let last = weights.isQuantized ? own + "/model.safetensors" : gguf
    if !FileManager.default.fileExists(atPath: last) || !FileManager.default.fileExists(atPath: gguf) {
      MohawkBench.notice("writing \(place)")
      try FileManager.default.createDirectory(atPath: own, withIntermediateDirectories: true)
      let model = Decoder.fresh(size.configuration, seed: 1, dtype: weights == .float32 ? .float32 : .bfloat16)
      try model.write(to: folder)
      try GGUFExport.write(model, tokenizer: nil, to: gguf, type: weights.inGGUF)
      if weights.isQuantized { try QuantizedDecoder(model, weights).write(to: own) }
    }
    configuration = try DecoderConfiguration(folder: folder)
  }

  /// Bytes of all weights.
  func weightBytes() throws -> Double {
    Double(try FileManager.default.attributesOfItem(atPath: own + "/model.safetensors")[.size] as? Int ?? 0)
  }

  /// Bytes of one sequence's state.
  var stateBytes: Double {
    guard let mamba = configuration.shared(Mamba2Configuration.self) else { return 0 }
    let past = (mamba.convWidth - 1) * (mamba.innerDim + mamba.bcDim)
    return Double(configuration.layers.count * 4 * (mamba.innerDim * mamba.stateDim + past))
  }

  /// Operations of the products with weights that reading one token takes; those of the head are for the last one only.
  var productsPerToken: Double {
    guard let mamba = configuration.shared(Mamba2Configuration.self) else { return 0 }
    let rows = 3 * mamba.innerDim + mamba.bcDim + mamba.heads
    return Double(configuration.layers.count) * 2 * Double(rows * configuration.modelDim)
  }
}

extension WeightPrecision {
  /// What llama.cpp has of as many bits.
  fileprivate var inGGUF: GGUFType {
    switch self {
    case .float32: .f32
    case .bfloat16: .bf16
    case .int8: .q8
    case .int4: .q4
    }
  }
}
