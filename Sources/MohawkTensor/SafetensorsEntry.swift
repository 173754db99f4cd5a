import MohawkFiles

/// One tensor of a safetensors file: its type, its shape and where its bytes lie.
public struct SafetensorsEntry: Sendable, Equatable {
  /// The element type in the file.
  public let dtype: DType
  /// The size of every dimension.
  public let shape: [Int]
  /// The position of its bytes in the file, counted from the file's start.
  public let bytes: Range<Int>
}

extension DType {
  /// The type's name in safetensors headers, such as `BF16`.
  var safetensorsName: String {
    switch self {
    case .float32: "F32"
    case .float64: "F64"
    case .bfloat16: "BF16"
    case .float16: "F16"
    case .int64: "I64"
    case .int32: "I32"
    case .int16: "I16"
    case .int8: "I8"
    case .uint8: "U8"
    case .bool: "BOOL"
    }
  }

  /// The types in the order in which their tensors lie in a file, as Hugging Face's package writes them: wide ones
  /// first, so that every tensor is aligned.
  static let safetensorsOrder: [DType] = [
    .int64, .float64, .float32, .int32, .bfloat16, .float16, .int16, .int8, .uint8, .bool,
  ]

  init?(safetensorsName name: String) {
    guard let dtype = DType.allCases.first(where: { $0.safetensorsName == name }) else { return nil }
    self = dtype
  }
}

/// A string from outside, fit for one line of an error message.
func quoted(_ text: String) -> String {
  var shown = ""
  for (count, scalar) in text.unicodeScalars.enumerated() {
    if count == 80 { return "'\(shown)…'" }
    shown.unicodeScalars.append(scalar.properties.generalCategory == .control ? "?" : scalar)
  }
  return "'\(shown)'"
}
