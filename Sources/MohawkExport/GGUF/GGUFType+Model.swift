import MohawkGGUF
import MohawkTensor

extension GGUFType {
  /// The type that holds numbers of a tensor's type as they are, or the nearest to it.
  init(storing dtype: DType) {
    switch dtype {
    case .float16: self = .f16
    case .bfloat16: self = .bf16
    default: self = .f32
    }
  }

  /// `general.file_type` of a file whose matrices have this type; nil when no model is written in it.
  var fileType: UInt32? {
    switch self {
    case .f32: 0
    case .f16: 1
    case .q4: 2
    case .q8: 7
    case .q5: 8
    case .q4K: 14
    case .bf16: 32
    default: nil
    }
  }

  /// Whether llama.cpp's operations need a tensor in F32, whatever the type of the file.
  static func isPlain(_ name: String, _ shape: [Int]) -> Bool {
    shape.count < 2 || !name.hasSuffix(".weight") || name.hasSuffix("_norm.weight")
      || name.hasSuffix("ssm_conv1d.weight") || name == "position_embd.weight"
  }

  /// The type in which rows of this length are stored: this one or, where its blocks do not divide them, what llama.cpp's
  /// quantize takes instead.
  func holding(rowLength: Int) -> GGUFType {
    if rowLength.isMultiple(of: blockSize) { return self }
    return self == .q4K && rowLength.isMultiple(of: GGUFType.q5.blockSize) ? .q5 : .f16
  }
}
