import MohawkFiles
import MohawkModels
import MohawkTensor
import MohawkWeights

/// One model in another format: the same parameters under other names.
public enum Conversion {
  /// The model of a folder, described by another format.
  ///
  /// The weights are not copied: they are the mapped files of `folder` until they are written.
  /// - Parameters:
  ///   - folder: of any family that is known, or a GGUF file.
  ///   - format: what it is to become; nil keeps its own.
  /// - Throws: `MohawkError` when the other format cannot hold the model, saying what it cannot.
  public static func open(_ folder: String, as format: CheckpointFormat?) throws -> Decoder {
    let (read, store) = try DecoderConfiguration.withWeights(folder)
    var configuration = read
    guard let format, format != configuration.format else {
      return try Decoder.open(configuration, store, dtype: nil)
    }
    let model = try Decoder.open(configuration, store, dtype: nil)
    if let unsupportedFeature = configuration.unsupportedFeature(in: format) {
      let others = CheckpointFormat.allCases.filter { configuration.unsupportedFeature(in: $0) == nil }
      throw MohawkError(
        .unsupported, "the format \(format.rawValue) cannot hold \(unsupportedFeature)", at: folder,
        remedy: "this model can become: \(others.map(\.rawValue).joined(separator: ", "))")
    }
    configuration.format = format
    return model.described(by: configuration)
  }
}
