/// How the numbers of a tensor are stored in a GGUF file.
///
/// Quantised types pack `blockSize` neighbouring numbers of a row into `blockBytes` bytes. Source of the numbers and
/// sizes: the format's description and ggml.
public struct GGUFType: Hashable, Sendable {
  /// The number that stands for this type in a file.
  public let code: UInt32
  /// The type's usual name, such as `Q8_0`.
  public let name: String
  /// Numbers in a block; a row's length is a multiple of it.
  public let blockSize: Int
  /// Bytes of a block.
  public let blockBytes: Int

  private init(_ code: UInt32, _ name: String, _ blockSize: Int, _ blockBytes: Int) {
    self.code = code
    self.name = name
    self.blockSize = blockSize
    self.blockBytes = blockBytes
  }

  /// IEEE single precision.
  public static let f32 = GGUFType(0, "F32", 1, 4)
  /// IEEE half precision.
  public static let f16 = GGUFType(1, "F16", 1, 2)
  /// The upper half of single precision.
  public static let bf16 = GGUFType(30, "BF16", 1, 2)
  /// Q8_0: 32 numbers as 8-bit integers times one F16 scale.
  public static let q8 = GGUFType(8, "Q8_0", 32, 34)
  /// Q4_0: 32 numbers as 4-bit integers from -8 to 7 times one F16 scale.
  public static let q4 = GGUFType(2, "Q4_0", 32, 18)
  /// Q4_1: 32 numbers as 4-bit integers times one F16 scale, above one F16 minimum.
  public static let q41 = GGUFType(3, "Q4_1", 32, 20)
  /// Q5_0: 32 numbers as 5-bit integers from -16 to 15 times one F16 scale.
  public static let q5 = GGUFType(6, "Q5_0", 32, 22)
  /// Q5_1: 32 numbers as 5-bit integers times one F16 scale, above one F16 minimum.
  public static let q51 = GGUFType(7, "Q5_1", 32, 24)
  /// Q2_K: 256 numbers as 2-bit integers; each 16 have a 4-bit scale and a 4-bit minimum.
  public static let q2K = GGUFType(10, "Q2_K", 256, 84)
  /// Q3_K: 256 numbers as 3-bit integers; each 16 have a 6-bit scale.
  public static let q3K = GGUFType(11, "Q3_K", 256, 110)
  /// Q4_K: 256 numbers as 4-bit integers; each 32 have a 6-bit scale and a 6-bit minimum.
  public static let q4K = GGUFType(12, "Q4_K", 256, 144)
  /// Q5_K: as Q4_K, with a fifth bit for each number.
  public static let q5K = GGUFType(13, "Q5_K", 256, 176)
  /// Q6_K: 256 numbers as 6-bit integers; each 16 have an 8-bit scale.
  public static let q6K = GGUFType(14, "Q6_K", 256, 210)

  /// IEEE double precision.
  public static let f64 = GGUFType(28, "F64", 1, 8)

  /// Every type that a file may hold. What can be read as numbers is told by ``isReadable``, what can be written by
  /// ``isWritable``.
  public static let all: [GGUFType] = [
    f32, f16, bf16, f64, q4, q41, q5, q51, q8, q2K, q3K, q4K, q5K, q6K,
    GGUFType(9, "Q8_1", 32, 40), GGUFType(15, "Q8_K", 256, 292),
    GGUFType(16, "IQ2_XXS", 256, 66), GGUFType(17, "IQ2_XS", 256, 74), GGUFType(18, "IQ3_XXS", 256, 98),
    GGUFType(19, "IQ1_S", 256, 50), GGUFType(20, "IQ4_NL", 32, 18), GGUFType(21, "IQ3_S", 256, 110),
    GGUFType(22, "IQ2_S", 256, 82), GGUFType(23, "IQ4_XS", 256, 136), GGUFType(29, "IQ1_M", 256, 56),
    GGUFType(24, "I8", 1, 1), GGUFType(25, "I16", 1, 2), GGUFType(26, "I32", 1, 4), GGUFType(27, "I64", 1, 8),
    GGUFType(34, "TQ1_0", 256, 54), GGUFType(35, "TQ2_0", 256, 66),
    GGUFType(39, "MXFP4", 32, 17), GGUFType(40, "NVFP4", 64, 36), GGUFType(41, "Q1_0", 128, 18),
  ]

  private static let byCode = Dictionary(uniqueKeysWithValues: all.map { ($0.code, $0) })

  /// The type of a number in a file, or nil for one that nobody knows.
  public init?(code: UInt32) {
    guard let type = Self.byCode[code] else { return nil }
    self = type
  }

  /// The type of a name such as `Q8_0`, in capitals or not.
  public init?(name: String) {
    let name = name.uppercased()
    guard let type = Self.all.first(where: { $0.name == name }) else { return nil }
    self = type
  }

  /// Whether tensors of this type can be read as floats.
  public var isReadable: Bool { Self.readable.contains(self) }
  /// Whether floats can be written in this type.
  public var isWritable: Bool { Self.writable.contains(self) }

  /// Whether neighbouring numbers share a scale.
  public var isQuantized: Bool { blockSize > 1 }

  private static let readable: Set<GGUFType> = [
    f32, f16, bf16, f64, q4, q41, q5, q51, q8, q2K, q3K, q4K, q5K, q6K,
  ]
  private static let writable: Set<GGUFType> = [f32, f16, bf16, q8, q5, q4, q4K]

  /// Bytes of `elementCount` numbers, a multiple of the block size; nil when that is no size a machine can count.
  func byteCount(_ elementCount: Int) -> Int? {
    let (bytes, overflow) = (elementCount / blockSize).multipliedReportingOverflow(by: blockBytes)
    return overflow ? nil : bytes
  }
}

extension GGUFType: CustomStringConvertible {
  public var description: String { name }
}
