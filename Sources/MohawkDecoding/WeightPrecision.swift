import CMohawkDecoder
import MohawkGGUF
import MohawkWeights

/// How decoding keeps the weights of matrices: embedding, projections and head. Convolutions, norms, decays and states are
/// floating-point numbers whatever this is.
public enum WeightPrecision: String, Sendable, CaseIterable {
  /// 32 bits.
  case float32 = "f32"
  /// 16 bits with the range of 32; activations are rounded to the same for the products.
  case bfloat16 = "bf16"
  /// 8 bits and a scale of 16 per 32 weights: 8.5 bits. Activations are rounded to 8 bits per 32.
  case int8
  /// 4 bits and a scale of 16 per 32 weights: 4.5 bits. Activations are rounded to 8 bits per 32.
  case int4

  var format: Int32 {
    switch self {
    case .float32: Int32(MHK_F32)
    case .bfloat16: Int32(MHK_BF16)
    case .int8: Int32(MHK_Q8)
    case .int4: Int32(MHK_Q4)
    }
  }

  /// Whether the weights are kept in groups with a scale.
  public var isQuantized: Bool { self == .int8 || self == .int4 }
}

extension WeightPrecision {
  /// The precision in which a file's matrices are decoded when none is asked for: int8 for the quantised ones of a GGUF
  /// file; nil where they stay as they are.
  static func kept(of path: String) throws -> WeightPrecision? {
    guard GGUFFile.isOne(path) else { return nil }
    return try GGUFWeights(path).tensors.contains { $0.type.isQuantized } ? .int8 : nil
  }
}
