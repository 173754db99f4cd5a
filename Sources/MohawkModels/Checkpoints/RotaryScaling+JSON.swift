import Foundation
import MohawkFiles
import MohawkLayers

extension ModelJSON {
  /// How a `rope_scaling` or `rope_parameters` stretches wave lengths.
  /// - Parameters:
  ///   - originalLength: what the configuration says beside it.
  ///   - maxLength: the tokens that the model looks at.
  func rotaryScaling(originalLength: Double?, maxLength: Int) throws -> RotaryScaling {
    let kind = try string("rope_type", default: try string("type", default: "default"))
    func original() throws -> Double {
      try originalLength ?? positive("original_max_position_embeddings", default: Double(maxLength))
    }
    switch kind {
    case "default": return .none
    case "linear": return .linear(factor: try positive("factor"))
    case "dynamic":
      guard !has("alpha") else {
        throw MohawkError(.unsupported, "'alpha' of the rotary embedding 'dynamic' is not supported", at: path)
      }
      return .dynamic(factor: try positive("factor"))
    case "llama3":
      let (low, high) = (try positive("low_freq_factor"), try positive("high_freq_factor"))
      guard low < high else {
        throw MohawkError(.invalidValue, "low_freq_factor \(low) is not below high_freq_factor \(high)", at: path)
      }
      return .llama3(factor: try positive("factor"), low: low, high: high, originalLength: try original())
    case "yarn": return .yarn(try yarn(original(), maxLength))
    case "longrope": return try longrope(original(), maxLength)
    default:
      throw MohawkError(
        .unsupported, "the rotary embedding '\(kind)' is not supported", at: path,
        remedy: "known are default, linear, dynamic, yarn, longrope and llama3")
    }
  }

  private func yarn(_ original: Double, _ maxLength: Int) throws -> RotaryScaling.Yarn {
    // Null means the ratio of the lengths, as in transformers.
    let factor = try positive("factor", default: object["factor"] is NSNull ? Double(maxLength) / original : nil)
    var result = RotaryScaling.Yarn(factor: factor, originalLength: original)
    if let (scale, all) = try magnitudes() {
      result.magnitude = RotaryScaling.Yarn.magnitude(factor, scale) / RotaryScaling.Yarn.magnitude(factor, all)
    }
    if has("attention_factor") { result.magnitude = try positive("attention_factor") }
    // 0 counts as left out.
    let (fast, slow) = (try number("beta_fast", default: 0), try number("beta_slow", default: 0))
    if fast != 0 { result.fast = try positive("beta_fast") }
    if slow != 0 { result.slow = try positive("beta_slow") }
    result.isTruncated = try bool("truncate", default: true)
    return result
  }

  /// `mscale` and `mscale_all_dim`, which count together only.
  private func magnitudes() throws -> (Double, Double)? {
    let pair = (try number("mscale", default: 0), try number("mscale_all_dim", default: 0))
    return pair.0 != 0 && pair.1 != 0 ? pair : nil
  }

  private func longrope(_ original: Double, _ maxLength: Int) throws -> RotaryScaling {
    func factors(_ key: String) throws -> [Double] {
      guard let list = object[key] as? [NSNumber], case let numbers = list.map(\.doubleValue), !numbers.isEmpty,
        numbers.allSatisfy({ $0.isFinite && $0 > 0 })
      else { throw MohawkError(.invalidValue, "'\(key)' is not a list of numbers above 0", at: path) }
      return numbers
    }
    guard let length = Int(exactly: original), length > 1 else {
      throw MohawkError(.invalidValue, "'original_max_position_embeddings' is \(original), no length", at: path)
    }
    let (short, long) = (try factors("short_factor"), try factors("long_factor"))
    guard short.count == long.count else {
      throw MohawkError(
        .invalidValue, "'short_factor' has \(short.count) numbers, 'long_factor' \(long.count)", at: path)
    }
    let factor = try positive("factor", default: Double(maxLength) / original)
    let usual = factor <= 1 ? 1 : (1 + log(factor) / log(original)).squareRoot()
    return .longrope(
      short: short, long: long, originalLength: length, magnitude: try positive("attention_factor", default: usual))
  }

  private func positive(_ key: String, default fallback: Double? = nil) throws -> Double {
    let value = try number(key, default: fallback)
    guard value > 0 else { throw MohawkError(.invalidValue, "'\(key)' is \(value), not above 0", at: path) }
    return value
  }
}

extension RotaryScaling {
  /// As `rope_scaling` of a `config.json`; nil when there is none.
  var json: [String: Any]? {
    switch self {
    // Formats with a `config.json` have no word for a table: `unsupportedFeature(in:)` refuses it.
    case .none, .factors: nil
    case .linear(let factor): ["rope_type": "linear", "type": "linear", "factor": factor]
    case .dynamic(let factor): ["rope_type": "dynamic", "type": "dynamic", "factor": factor]
    case .llama3(let factor, let low, let high, let length):
      [
        "rope_type": "llama3", "factor": factor, "low_freq_factor": low, "high_freq_factor": high,
        "original_max_position_embeddings": Int(exactly: length) ?? length,
      ]
    case .yarn(let yarn):
      [
        "rope_type": "yarn", "type": "yarn", "factor": yarn.factor, "beta_fast": yarn.fast, "beta_slow": yarn.slow,
        "truncate": yarn.isTruncated, "attention_factor": yarn.magnitude,
        "original_max_position_embeddings": Int(exactly: yarn.originalLength) ?? yarn.originalLength,
      ]
    case .longrope(let short, let long, let length, let magnitude):
      [
        "rope_type": "longrope", "type": "longrope", "short_factor": short, "long_factor": long,
        "attention_factor": magnitude, "original_max_position_embeddings": length,
      ]
    }
  }
}
