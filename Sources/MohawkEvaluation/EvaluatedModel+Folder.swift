import Foundation
import MohawkDecoding
import MohawkFiles
import MohawkGGUF
import MohawkModels
import MohawkTensor
import MohawkText

extension EvaluatedModel {
  /// Opens a folder with a model and its tokenizer, or a GGUF file. The window is what lm_eval takes for a folder: what
  /// `config.json` names as the longest sequence, else `tokenizer_config.json`, else ``usualWindow``; for a GGUF file its
  /// context length.
  /// - Parameters:
  ///   - folder: the folder or file.
  ///   - weights: the precision of the matrices; nil keeps the folder's.
  ///   - window: takes the place of the folder's.
  ///   - attentionWindowOff: whether the window of attention beside recurrent mixers is off; only for models that have
  ///     one.
  ///   - device: where the model is to live.
  public static func open(
    _ folder: String, weights: WeightPrecision? = nil, window: Int? = nil, attentionWindowOff: Bool = false,
    on device: Device = .cpu
  ) throws -> EvaluatedModel {
    var engine = try DecodingEngine.open(folder, weights: weights, on: device)
    if attentionWindowOff { engine = try engine.withWindowsOff() }
    engine.model.freeze()
    return try EvaluatedModel(
      engine, Tokenizer(folder: folder),
      window: window ?? Self.window(of: folder).map { min($0, engine.maxLength ?? .max) })
  }

  /// The longest sequence that a folder's files or a GGUF file name.
  public static func window(of folder: String) -> Int? {
    if GGUFFile.isOne(folder) {
      guard let file = try? GGUFFile(folder), let family = try? file.string("general.architecture") else { return nil }
      return (try? file.integer("\(family).context_length")).flatMap { $0 }
    }
    func number(_ file: String, _ keys: String...) -> Int? {
      guard let data = FileManager.default.contents(atPath: folder + "/" + file),
        let json = try? JSONValue(json: String(decoding: data, as: UTF8.self), location: file)
      else { return nil }
      return keys.lazy.compactMap { json[$0]?.integer }.first { $0 > 0 }
    }
    return number("config.json", "n_positions", "max_position_embeddings", "n_ctx")
      ?? number("tokenizer_config.json", "model_max_length")
  }
}
