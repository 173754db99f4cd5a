import Foundation
import MohawkFiles

// The `config.json` of a folder whose matrices are kept at a few bits: that of the model, with one key more.
extension DecoderConfiguration {
  private static let key = "quantization"

  /// The model that a quantised folder holds, and how: what stands under "quantization".
  /// - Throws: `MohawkError` when the folder or the file is not there, or holds no quantised model.
  package static func quantized(in folder: String) throws -> (configuration: Self, quantization: [String: String]) {
    let path = folder + "/config.json"
    let json = try ModelJSON(path)
    guard let entry = json.object[key] as? [String: String] else {
      throw MohawkError(
        .invalidFormat, "there is no quantised model here: config.json has no object '\(key)' of texts", at: path,
        remedy: "write one with `mohawk quantize`, or open the folder as a model of floating-point numbers")
    }
    return (try DecoderConfiguration(json: json.without(key)), entry)
  }

  /// Writes the `config.json` of a quantised folder.
  package func writeQuantized(_ quantization: [String: String], to folder: String) throws {
    try requireWritable()
    var json = self.json
    json[Self.key] = quantization
    try ModelJSON.write(json, to: folder + "/config.json")
  }
}

extension ModelJSON {
  /// Refuses a folder that `mohawk quantize` wrote.
  func refuseQuantization() throws {
    guard object["quantization"] is [String: String] else { return }
    throw MohawkError(
      .unsupported, "the weights of this folder are rounded to a few bits, which only decoding can use", at: path,
      remedy: "open the folder that it was made from")
  }
}
