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
    case .q4K: 14
    case .bf16: 32
    default: nil
    }
  }

  /// The type of one tensor in a file of this type, as llama.cpp's operations need it.
  func stored(_ name: String, _ shape: [Int]) -> GGUFType {
    let isPlain =
      shape.count < 2 || !name.hasSuffix(".weight") || name.hasSuffix("_norm.weight")
      || name.hasSuffix("ssm_conv1d.weight") || name == "position_embd.weight"
    if isPlain { return .f32 }
    return shape.last!.isMultiple(of: blockSize) ? self : .f16
  }
}
