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
    switch name {
    case "F32": self = .float32
    case "F64": self = .float64
    case "BF16": self = .bfloat16
    case "F16": self = .float16
    case "I64": self = .int64
    case "I32": self = .int32
    case "I16": self = .int16
    case "I8": self = .int8
    case "U8": self = .uint8
    case "BOOL": self = .bool
    default: return nil
    }
  }
}

/// An element type of the format that no `DType` stands for. A file may hold such tensors; using one is refused.
enum SafetensorsForeignType: String, Sendable, CaseIterable {
  case f4 = "F4"
  case f6E2M3 = "F6_E2M3"
  case f6E3M2 = "F6_E3M2"
  case f8E4M3 = "F8_E4M3"
  case f8E5M2 = "F8_E5M2"
  case f8E8M0 = "F8_E8M0"
  case f8E4M3FNUZ = "F8_E4M3FNUZ"
  case f8E5M2FNUZ = "F8_E5M2FNUZ"
  case u16 = "U16"
  case u32 = "U32"
  case u64 = "U64"
  case c64 = "C64"

  /// Bits of one element.
  var bits: Int {
    switch self {
    case .f4: 4
    case .f6E2M3, .f6E3M2: 6
    case .f8E4M3, .f8E5M2, .f8E8M0, .f8E4M3FNUZ, .f8E5M2FNUZ: 8
    case .u16: 16
    case .u32: 32
    case .u64, .c64: 64
    }
  }
}

/// A string from outside, fit for one line of an error message.
package func quoted(_ text: String) -> String {
  var shown = ""
  for (count, scalar) in text.unicodeScalars.enumerated() {
    if count == 80 { return "'\(shown)…'" }
    shown.unicodeScalars.append(scalar.properties.generalCategory == .control ? "?" : scalar)
  }
  return "'\(shown)'"
}
